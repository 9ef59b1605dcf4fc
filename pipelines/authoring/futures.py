"""A case with other things after its moment: none of them may change what the file makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.authoring.case_file import Case, Row, plain_moment

_KEYS = {"items": "item_id", "users": "user_id"}
_NO_ROW: Row = {}


@dataclass(frozen=True)
class Future:
    """A case that differs from another one only in what came later, in one table."""

    table: str
    case: Case


def other_futures(case: Case) -> Iterator[Future]:
    """The case with more that came from its limit on, and with nothing of it, table by table."""
    if case.limit is None:
        return
    for table, changes in _CHANGES.items():
        for change in changes if table in case.given else ():
            rows = change(case, table, case.limit)
            yield Future(table, replace(case, given={**case.given, table: rows}))


def _with_later_events(case: Case, table: str, limit: datetime) -> list[Row]:
    """Each event once more at each later moment, under ids of their own."""
    rows = [*case.given[table]]
    for moment in _later(limit):
        for number, event in enumerate(case.given[table]):
            renamed = {"event_id": f"{moment} {number}"} if "event_id" in event else {}
            rows.append({**event, "event_at": moment, **renamed})
    return rows


def _past_events(case: Case, table: str, limit: datetime) -> list[Row]:
    return [row for row in case.given[table] if _is_before(row.get("event_at"), limit)]


def _with_later_entities(case: Case, table: str, limit: datetime) -> list[Row]:
    """Each row once more, created at each later moment; items never changed are changed last."""
    given = case.given[table]
    dates = ["created_at", *(["updated_at"] if table == "items" else [])]
    rows = [_changed(row, limit) if table == "items" else row for row in given]
    for moment in _later(limit):
        for number, row in enumerate(given or [_NO_ROW]):
            own = {_KEYS[table]: f"later {moment} {number}", **dict.fromkeys(dates, moment)}
            rows.append({**row, **own})
    return rows


def _past_entities(case: Case, table: str, limit: datetime) -> list[Row]:
    """As the leak test on the lake cuts them: `leaks.cut_dimensions`."""
    key, seen = _KEYS[table], _seen(case, table, limit)
    return [
        {**row, **({"updated_at": None} if _is_later(row.get("updated_at"), limit) else {})}
        for row in case.given[table]
        if not _is_later(row.get("created_at"), limit) or row.get(key) in seen
    ]


def _seen(case: Case, table: str, limit: datetime) -> set[object]:
    """Ids of *table* in events before *limit*, and in what other files have made of such."""
    given = {name: rows for name, rows in case.given.items() if name != table}
    if "events" in given:
        given["events"] = _past_events(case, "events", limit)
    return {row.get(_KEYS[table]) for rows in given.values() for row in rows}


def _later(limit: datetime) -> tuple[datetime, datetime]:
    """At *limit*, which `<=` lets in, and after it."""
    return limit, limit + timedelta(days=1)


def _changed(item: Row, limit: datetime) -> Row:
    last = max(_later(limit))
    return item if item.get("updated_at") is not None else {**item, "updated_at": last}


def _is_before(moment: object, limit: datetime) -> bool:
    plain = plain_moment(moment)
    return plain is not None and plain < limit


def _is_later(moment: object, limit: datetime) -> bool:
    plain = plain_moment(moment)
    return plain is not None and plain >= limit


_Change = Callable[[Case, str, datetime], list[Row]]
_CHANGES: Mapping[str, tuple[_Change, _Change]] = {
    "events": (_with_later_events, _past_events),
    "items": (_with_later_entities, _past_entities),
    "users": (_with_later_entities, _past_entities),
}
