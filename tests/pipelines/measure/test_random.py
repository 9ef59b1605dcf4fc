"""Made-up days against the same measures in plain Python."""

import random

import pytest

from pipelines.measure.day import measure_days
from pipelines.measure.kept import measured_days
from tests.pipelines.measure import naive
from tests.pipelines.measure.site import DAY, HOUR, MINUTE, MONDAY, SECOND, Site

ITEMS = "abcdefgh"
MOST = 30


def fill(site, rng):
    """Lists and actions of a few users over ten days, close to every edge, some of them wrong."""
    lists = []
    for _ in range(rng.randint(20, 60)):
        hour = rng.randrange(24) if rng.random() < 0.7 else rng.randrange(-8 * 24, 2 * 24)
        user, at = rng.choice("uvwx"), MONDAY + hour * HOUR
        items = "".join(rng.sample(ITEMS, rng.randint(1, 5)))
        others = {"tier": rng.choice(["personal", "segment"]), "version": rng.choice(["v1", "v2"]),
                  "surface": rng.choice(["home", "discover"]),
                  "variant": rng.choice(["default", "b"])}  # fmt: skip
        if lists and rng.random() < 0.2:
            others["recommendation_id"] = rng.choice(lists)
        if rng.random() < 0.1:
            others["received_at"] = at - rng.choice([5 * MINUTE, 5 * MINUTE + SECOND])
        if rng.random() < 0.1:
            others["page_view_id"] = None
        lists.append(site.show(user, items, at, **others))
        site.impressions += [
            {**row, "received_at": row["received_at"] + HOUR}
            for row in site.impressions[-len(items) :]
            if rng.random() < 0.1
        ]
        site.impressions += [
            {**row, "event_id": f"{row['event_id']}-again"}
            for row in site.impressions[-len(items) :]
            if rng.random() < 0.1
        ]
    edges = [0 * SECOND, SECOND, -SECOND, MINUTE, -MINUTE, HOUR, 7 * DAY, 7 * DAY - SECOND, DAY]
    for _ in range(rng.randint(10, 60)):
        shown = rng.choice(site.impressions)
        others = {"value": rng.choice([None, "1.25", "3"])}
        if rng.random() < 0.4:
            others["recommendation_id"] = rng.choice([shown["recommendation_id"], "lost"])
        kind = rng.choice(["click", "click", "view", "like", "purchase"])
        at = shown["event_at"] + rng.choice(edges) + rng.choice([0, 0, 1]) * 3 * SECOND
        if rng.random() < 0.05:
            others["received_at"] = at - HOUR
        site.act(shown["user_id"], shown["item_id"], at, kind, **others)
        if rng.random() < 0.1:
            site.actions.append({**site.actions[-1], "received_at": at + HOUR, "value": None})


def expected(site):
    """What the plain loops find on Monday, of what is within reach of it."""
    near = MONDAY - 28 * DAY
    shown = naive.keep_shown([r for r in site.impressions if r["event_at"] >= near], MOST)
    every = naive.keep_shown(site.impressions, 10**9)
    machines = {
        (row["user_id"], row["event_at"].date()) for row in every
    } - {(row["user_id"], row["event_at"].date()) for row in shown}  # fmt: skip
    return naive.measure(shown, naive.keep_actions(site.actions, machines), MONDAY)


@pytest.mark.parametrize("round_", range(10))
def test_sums_are_those_of_plain_loops(tmp_path, round_):
    """All sums of all groups, with copies, late and early ones, and every edge of the windows."""
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    rng = random.Random(seed)
    site = Site(tmp_path, f"[measure]\nmax_daily_items = {MOST}\nresamples = 50\n")
    fill(site, rng)
    site.show("u", "a", MONDAY)  # there is always something
    rng.shuffle(site.impressions)
    rng.shuffle(site.actions)
    site.land(files=rng.randint(1, 3))
    measure_days(site.settings, MONDAY.date(), MONDAY.date())
    (day,) = measured_days(site.settings)
    found = {
        group: row
        for group, row in day.figures.items()
        if group[1] in ("all", "tier", "version", "variant")
    }
    wanted = expected(site)
    assert {group: {name: row[name] for name in wanted[group]} for group, row in found.items()} == (
        wanted
    )
    for row in found.values():
        for figure in ("ctr", "acceptance", "conversion", "coverage"):
            assert row[f"{figure}_low"] <= row[figure] + 1e-12, (figure, row)
            assert row[figure] <= row[f"{figure}_high"] + 1e-12, (figure, row)
