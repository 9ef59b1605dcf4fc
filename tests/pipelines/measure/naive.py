"""The measures once more, in plain loops over lists of rows: slow, and easy to agree with."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.pipelines.measure.site import DAY, HOUR, MINUTE

ACCEPTED = ("click", "like", "share", "purchase")
ATTRIBUTION, CLICKS, SLACK, REPEATS, SKEW = 7 * DAY, HOUR, MINUTE, 28 * DAY, 5 * MINUTE
Row = dict[str, Any]


def keep_shown(rows: list[Row], most: int) -> list[Row]:
    """Rows that count: no copies, no page view twice, no wrong clocks, no machines."""
    first: dict[Any, Row] = {}
    for row in rows:
        at = (row["event_id"], row["position"])
        order = (row["received_at"], row["item_id"], row["user_id"])
        if at not in first or order < (
            first[at]["received_at"],
            first[at]["item_id"],
            first[at]["user_id"],
        ):
            first[at] = row
    seen: dict[Any, Row] = {}
    for row in sorted(
        first.values(), key=lambda r: (r["event_at"], r["received_at"], r["event_id"])
    ):
        view = (row["user_id"], row["recommendation_id"], row["page_view_id"] or row["event_id"],
                row["position"], row["item_id"])  # fmt: skip
        if view not in seen:
            seen[view] = row
    kept = [row for row in seen.values() if row["event_at"] <= row["received_at"] + SKEW]
    per_day = Counter((row["user_id"], row["event_at"].date()) for row in kept)
    return [row for row in kept if per_day[row["user_id"], row["event_at"].date()] <= most]


def keep_actions(rows: list[Row], machines: set[Any]) -> list[Row]:
    """Actions that count."""
    first: dict[str, Row] = {}
    for row in sorted(rows, key=lambda r: (r["received_at"], r["event_at"])):
        first.setdefault(row["event_id"], row)
    return [
        row
        for row in first.values()
        if row["event_at"] <= row["received_at"] + SKEW
        and (row["user_id"], row["event_at"].date()) not in machines
    ]


def attribute(shown: list[Row], action: Row) -> Row | None:
    """The row of *shown* that *action* is owed to."""
    best: Row | None = None
    for row in shown:
        if (row["user_id"], row["item_id"]) != (action["user_id"], action["item_id"]):
            continue
        passed = action["event_at"] - row["event_at"]
        if action.get("recommendation_id"):
            fits = row["recommendation_id"] == action["recommendation_id"]
            fits = fits and -SLACK <= passed < ATTRIBUTION
        else:
            window = CLICKS if action["event_type"] == "click" else ATTRIBUTION
            fits = 0 * DAY <= passed < window
        if fits and (best is None or _nearer(row, action) > _nearer(best, action)):
            best = row
    return best


def _nearer(row: Row, action: Row) -> Any:
    passed = action["event_at"] - row["event_at"]
    return (passed >= 0 * DAY, -abs(passed), -row["position"], row["event_id"])


def measure(shown: list[Row], actions: list[Row], day: datetime) -> dict[tuple[str, ...], Row]:
    """The sums of each group on *day*."""
    clicks, acts, bought = Counter[int](), Counter[int](), Counter[int]()
    value: dict[int, Decimal] = defaultdict(Decimal)
    for action in actions:
        row = attribute(shown, action)
        if row is None:
            continue
        clicks[id(row)] += action["event_type"] == "click"
        acts[id(row)] += action["event_type"] in ACCEPTED
        if action["event_type"] == "purchase":
            bought[id(row)] += 1
            value[id(row)] += action["value"] or 0
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in shown:
        if not day <= row["event_at"] < day + DAY:
            continue
        since = day - REPEATS
        before = sum(
            since <= other["event_at"] < row["event_at"]
            for other in shown
            if (other["user_id"], other["item_id"]) == (row["user_id"], row["item_id"])
        )
        taken = any(
            since <= action["event_at"] < row["event_at"] and action["event_type"] in ACCEPTED
            for action in actions
            if (action["user_id"], action["item_id"]) == (row["user_id"], row["item_id"])
        )
        told = {**row, "clicks": clicks[id(row)], "acts": acts[id(row)], "bought": bought[id(row)],
                "paid": value[id(row)], "before": before, "taken": taken}  # fmt: skip
        for surface in ("(all)", row["surface"]):
            groups[surface, "all", "(all)"].append(told)
            for dimension in ("tier", "version", "variant"):
                groups[surface, dimension, row[dimension]].append(told)
    return {group: _sums(rows) for group, rows in groups.items()}


def _sums(rows: list[Row]) -> Row:
    def users(test: str) -> int:
        return len({row["user_id"] for row in rows if row[test]})

    return {
        "n_users": users("user_id"),
        "n_acted_users": users("acts"),
        "n_converted_users": users("bought"),
        "n_personal_users": len({row["user_id"] for row in rows if row["tier"] == "personal"}),
        "n_shown": len(rows),
        "n_clicked": sum(row["clicks"] > 0 for row in rows),
        "n_clicks": sum(row["clicks"] for row in rows),
        "n_purchases": sum(row["bought"] for row in rows),
        "value": sum((row["paid"] for row in rows), Decimal()),
        "n_novel": sum(not row["taken"] and not row["before"] for row in rows),
        "n_again": sum(not row["taken"] and row["before"] > 0 for row in rows),
        "n_before_again": sum(row["before"] for row in rows if not row["taken"]),
        "n_items": len({row["item_id"] for row in rows}),
    }
