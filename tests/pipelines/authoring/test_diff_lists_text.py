"""What a diff of lists says: verdicts, next steps, items and users by what is shown of them."""

import dataclasses
import shutil
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pipelines.authoring.changes import Change
from pipelines.authoring.diff import TableDiff
from pipelines.authoring.diff_lists_result import (
    ListChange,
    ListsDiff,
    ShownItem,
    ShownUser,
    SurfaceDiff,
)
from pipelines.authoring.diff_lists_rows import user_rows
from pipelines.authoring.diff_lists_surface import choose_users
from pipelines.authoring.diff_lists_text import surface_lines
from pipelines.authoring.diff_lists_verdict import BY_CHANCE, NOBODY, conclusions, verdict
from pipelines.authoring.diff_page import write_diff_page
from pipelines.authoring.diff_tables import ColumnDiff, RowsDiff
from pipelines.candidates.generator import NO_ITEM
from pipelines.evaluation.paired import PairedFigure
from tests.night_fixtures import REPOSITORY, open_shop

USER = ShownUser(
    meaning="typical",
    user_id="u<1>",
    segment="families",
    then=[ShownItem(title[0], title) for title in ("bread", "tea", "milk")],
    now=[ShownItem(title[0], title) for title in ("tea", "bread", "fish", "milk")],
)
CHANGE = ListChange(users=1, overlap_10=0.5, overlap_20=0.5, same=0.0, moved=None)
NIGHT = datetime(2024, 5, 6)


def made_surface(**changes):
    """A surface on which nobody is known, but for *changes*."""
    nothing = {
        "figures": {},
        "figures_floor": {},
        "figures_again": {},
        "segments": {},
        "segments_floor": {},
    }
    lists = {"lists": CHANGE, "lists_floor": CHANGE, "overlap": None, "gained": [], "lost": []}
    found = {"surface": "home", "importance": {}, "shown": [USER], **nothing, **lists}
    return SurfaceDiff(**{**found, **changes})


def made_diff(*surfaces, users=500, known_users=2000):
    return ListsDiff(
        run="run",
        users=users,
        known_users=known_users,
        window=(NIGHT, NIGHT),
        night=NIGHT,
        surfaces=surfaces,
    )


def figure(difference, low, high):
    return PairedFigure(
        users=500, live=0.1, tonight=0.1 + difference, difference=difference, interval=(low, high)
    )


def test_every_item_says_what_happened_to_it():
    """Up, down, new or nothing; the longer list decides how many lines there are."""
    assert user_rows(USER)[1:] == [
        ["1", "bread b", "tea t", "up 1"],
        ["2", "tea t", "bread b", "down 1"],
        ["3", "milk m", "fish f", "new"],
        ["4", "", "milk m", "down 1"],
    ]


def test_items_of_one_title_are_told_apart():
    """By their ids, in the lists of a user and among those that gain and lose."""
    old, new = (ShownItem(number, "Store brand milk, whole, a gallon") for number in "12")
    user = dataclasses.replace(USER, then=[old], now=[new])
    assert user_rows(user, width=10)[1:] == [["1", "Store bran 1", "Store bran 2", "new"]]
    lines = surface_lines(made_surface(gained=[(new, 9)], lost=[(old, -5)], shown=[]))
    assert [line for line in lines if "lists:" in line] == [
        "  on more lists: Store brand milk, whole, a gallon 2 (+9)",
        "  on fewer lists: Store brand milk, whole, a gallon 1 (−5)",
    ]


def test_users_are_chosen_by_what_is_shown_of_them():
    """Whose ten have most new items comes first, whatever happens below; then whose ten moved."""
    ten, below = np.arange(10), np.arange(10, 20)
    before = np.tile(np.arange(20, dtype=np.int32), (5, 1))
    before[4] = NO_ITEM
    after = np.vstack(
        [
            [*ten, *below],
            [*ten[:9], 30, *range(40, 50)],  # one new of ten, and all below
            [*ten[:7], 30, 31, 32, *below],  # three new
            [*ten[::-1], *below],  # none new, all moved
            [NO_ITEM] * 20,  # nothing to show on either side
        ]
    ).astype(np.int32)
    index = SimpleNamespace(
        user_ids=np.array(["same", "one", "three", "moved", "empty"]),
        item_ids=np.array([f"i{number}" for number in range(50)]),
        items={"title": pa.array([None] * 50)},
    )
    shown = list(choose_users(before, after, index, np.arange(5), np.array(["s"] * 5)))
    found = {user.meaning: user.user_id for user in shown}
    assert found == {"changed most": "three", "typical": "moved", "changed least": "same"}
    assert [item.named() for item in shown[0].now][6:8] == ["i6", "i30"]


def judged(now, floor, again=None):
    """A surface with one figure, what a retraining makes of it, and now beside the retraining."""
    found = {"figures": now, "figures_floor": floor, "figures_again": again or now}
    return {name: {"ndcg@20": figure} for name, figure in found.items()}


STEADY = figure(0.002, -0.001, 0.004)
GAIN, LOSS = figure(0.01, 0.005, 0.02), figure(-0.01, -0.02, -0.005)
NEITHER = figure(-0.007, -0.015, 0.0001)


@pytest.mark.parametrize(
    ("surface", "said"),
    [
        (judged(figure(0.0001, 0.00005, 0.0002), STEADY), BY_CHANCE),
        (judged(GAIN, STEADY), "better"),
        (judged(GAIN, figure(0.0, -0.001, 0.001), NEITHER), BY_CHANCE),
        (judged(LOSS, STEADY), "worse"),
        (judged(NEITHER, figure(0.0, 0.0, 0.0)), "not decided"),
    ],
)
def test_a_verdict_needs_more_than_a_retraining(surface, said):
    """An interval without a zero is not enough where another seed moves as much, or says else."""
    assert verdict(made_surface(**surface), "ndcg@20") == said


WORSE, UNDECIDED, BETTER = judged(LOSS, STEADY), judged(NEITHER, STEADY), judged(GAIN, STEADY)


@pytest.mark.parametrize(
    ("surface", "sample", "first", "last"),
    [
        (UNDECIDED, (500, 2600), "not decided (ndcg@20 −7.0 %)", "`--users 2000`, or `python"),
        (UNDECIDED, (500, 2369), "not decided", "`--users 2369` (all of them), or `python"),
        (UNDECIDED, (500, 1000), "not decided", "`--users 1000` (all of them), or `python"),
        (UNDECIDED, (70, 70), "not decided", "these are all users; what is not decided"),
        (WORSE, (500, 2369), "worse (ndcg@20 −10.0 %)", "worse on home: change the edit"),
        (BETTER, (500, 2369), "better (ndcg@20 +10.0 %)", "next: `python -m pipelines night"),
    ],
)
def test_the_end_says_what_is_decided_and_what_to_do(surface, sample, first, last):
    """A sentence a surface: the change, the lists beside a retraining; then the next step."""
    found = made_diff(made_surface(**surface), users=sample[0], known_users=sample[1])
    home, to_do = conclusions(found)
    assert home.startswith(f"home: {first}")
    assert home.endswith("no further than by a retraining: overlap@10 50.0 %, retrained 50.0 %")
    assert last in to_do


@pytest.mark.parametrize(
    ("overlap", "said"),
    [
        (figure(-0.02, -0.03, -0.01), "move further than by a retraining"),
        (figure(-0.002, -0.01, 0.006), "move no further than by a retraining"),
    ],
)
def test_lists_move_further_only_beyond_chance(overlap, said):
    """88.8 % beside 89.0 % of a retraining is the same, of so many users."""
    (home, _) = conclusions(made_diff(made_surface(overlap=overlap)))
    assert f"lists {said}: overlap@10" in home


def test_hostile_texts_are_only_text_and_nobody_is_said(tmp_path):
    """Titles and ids are escaped on the page; a sample without a judge says so."""
    diff = made_surface(gained=[(ShownItem("<i>", "<script>"), 1)])
    assert f"  {NOBODY}" in list(surface_lines(diff))
    change = Change("t", "user", is_label=False, kind="edited", header=("owner: <b> → c",))
    rows = RowsDiff(rows=(1, 2), columns=[ColumnDiff(name="n")], examples=["<img>"])
    tables = [TableDiff(change, NIGHT), TableDiff(change, NIGHT, rows, (0.1, 0.2))]
    shutil.copy(REPOSITORY / "nightshelf.toml", tmp_path)
    page = write_diff_page(open_shop(tmp_path), "commit <x>", tables, made_diff(diff))
    text = page.read_text(encoding="utf-8")
    assert [
        word for word in ("<script>", "<b>", "<x>", "u<1>", "<i>", "<img>") if word in text
    ] == []
    assert ("&lt;script&gt;" in text, NOBODY in text) == (True, True)
