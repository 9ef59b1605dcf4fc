"""The lists gate: nothing goes to the shelf that a shopper should not see."""

import json

import numpy as np

from pipelines.lists.explained import explain_path
from pipelines.lists.pack import write_by_bucket
from pipelines.quality.lists import check_lists
from store.explained import RECORD, pack_explained
from tests.quality.made_run import (
    LENGTH,
    begin_with_lists,
    found_failures,
    made_list,
    stopped_by,
    write_lists,
)

HOME, DISCOVER = "listed-home.parquet", "listed-discover.parquet"


def test_sound_lists_pass(inputs):
    """Full lists of available items, in order and new to the user where they must be."""
    counts = check_lists(begin_with_lists(inputs))
    assert counts == {
        "expectations": 13,
        "measurements": 25,
        "discover_rows": 30,
        "home_rows": 30,
    }


# (column, row) → value; user n has the rows from n * LENGTH on.
DAMAGES = {
    ("item", 4): 12,  # user 0: no such item
    ("reason_item", 9): 12,  # user 1: explained by no such item
    ("rank", 14): 6,  # user 2: a hole before the last rank
    ("score", 19): np.nan,  # user 3
    ("score", 24): 0.95,  # user 4: better than the item above it
    ("item", 29): 3,  # user 5: the fourth item once more
}


def test_every_kind_of_damage_is_found_with_its_row(inputs):
    """Six lists are damaged in six ways: each is named with the user and the rank."""
    columns = made_list(0)
    for (column, row), value in DAMAGES.items():
        columns[column][row] = value
    run = begin_with_lists(inputs)
    write_lists(run, "home", columns)
    message = stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [
        ("in_catalogue", f"{HOME} item", 2),
        ("ranks", f"{HOME} rank", 1),
        ("finite_scores", f"{HOME} score", 1),
        ("sorted_scores", f"{HOME} score", 1),
        ("no_duplicates", f"{HOME} item", 1),
        ("unique_by", f"{HOME} title", 1),
        ("fill_rate", HOME, 0.833),
    ]
    shown = [json.loads(line) for line in message.splitlines() if line.startswith("    {")]
    assert [(row["user_id"], row.get("rank"), row.get("item_id")) for row in shown] == [
        ("u0", 5, "no item 12"),
        ("u1", 5, "i04"),
        ("u2", 6, "i04"),
        ("u3", 5, "i04"),
        ("u4", 5, "i04"),
        ("u5", 5, "i03"),
        ("u5", 5, "i03"),
        ("u0", None, None),
    ]


def test_a_user_that_the_index_lacks_is_found(inputs):
    """A list of nobody is a fault of the lists, and shown as such."""
    columns = made_list(0)
    columns["user"][-LENGTH:] = 6
    run = begin_with_lists(inputs)
    write_lists(run, "home", columns)
    message = stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [
        ("in_catalogue", f"{HOME} item", 5),
        ("fill_rate", HOME, 0.833),
        ("active_fill_rate", HOME, 0.833),
    ]
    assert '"user_id": "no user 6"' in message


def test_users_out_of_order_are_found(inputs):
    """Packing reads one user after the other: a user who comes back later would be lost."""
    columns = {name: values[::-1] for name, values in made_list(0).items()}
    columns["rank"] = made_list(0)["rank"]
    columns["score"] = made_list(0)["score"]
    run = begin_with_lists(inputs)
    write_lists(run, "home", columns)
    stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [("ranks", f"{HOME} rank", 5)]


def test_an_unavailable_item_is_found(inputs):
    """An item that the catalogue says is not available stands in no list."""
    inputs.items[7]["available"] = False
    run = begin_with_lists(inputs)
    message = stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [("available", f"{DISCOVER} item", 6)]
    assert '{"user_id": "u0", "rank": 2, "item_id": "i07", "title": "Title 7"' in message


def test_two_items_of_one_title_are_found(inputs):
    """With `[lists] unique_by = "title"` a list shows a title once."""
    inputs.items[1]["title"] = inputs.items[0]["title"]
    run = begin_with_lists(inputs)
    stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [("unique_by", f"{HOME} title", 6)]


def test_titles_may_repeat_where_settings_say_so(inputs):
    """With `[lists] unique_by = "item"` two items may share a title."""
    inputs.items[1]["title"] = inputs.items[0]["title"]
    inputs.settings_text += '[lists]\nunique_by = "item"\n'
    assert check_lists(begin_with_lists(inputs))["home_rows"] == 30


def test_a_surface_without_repeats_shows_nothing_from_the_history(inputs):
    """Users who had an item are not shown it on `discover`, while `home` may."""
    run = begin_with_lists(inputs)
    write_lists(run, "discover", made_list(first=1))
    message = stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [("no_repeats", f"{DISCOVER} item", 5)]
    assert '{"user_id": "u1", "rank": 1, "item_id": "i01"' in message


def test_too_few_lists_stop_the_run(inputs):
    """Users without a list, with a short list, and a narrow catalogue: each has its share."""
    inputs.settings_text += "min_coverage = 0.5\n"
    run = begin_with_lists(inputs)
    kept = np.ones(30, dtype=bool)
    kept[-LENGTH:] = False  # the last user has nothing
    kept[4] = False  # the first user has four items
    write_lists(run, "home", {name: values[kept] for name, values in made_list(0).items()})
    message = stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [
        ("coverage", DISCOVER, 0.417),
        ("fill_rate", HOME, 0.667),
        ("active_fill_rate", HOME, 0.833),
        ("coverage", HOME, 0.417),
    ]
    assert '{"user_id": "u0", "n_items": 4}' in message
    assert '{"user_id": "u5", "n_items": 0}' in message


def test_an_empty_surface_is_a_failure_not_a_crash(inputs):
    """No list at all fails the shares, and measures the rest as sound."""
    run = begin_with_lists(inputs)
    write_lists(run, "home", {name: values[:0] for name, values in made_list(0).items()})
    stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [
        ("fill_rate", HOME, 0),
        ("active_fill_rate", HOME, 0),
        ("coverage", HOME, 0),
    ]


def test_a_missing_column_is_named(inputs):
    """Files without scores, or not there at all, fail by their columns and are not measured."""
    run = begin_with_lists(inputs)
    run.path("lists", DISCOVER).unlink()
    columns = made_list(0)
    del columns["score"]
    write_lists(run, "home", columns)
    message = stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [("columns", DISCOVER, 5), ("columns", HOME, 1)]
    assert "missing, or not numbers: score" in message


def test_only_listed_items_may_be_explained(inputs):
    """An explained item that the user's list lacks, and a user nobody knows, stop the night."""
    run = begin_with_lists(inputs)
    path = explain_path(run.path("lists"), "home")
    sound = [RECORD.pack(item, 1, 0, 0, 0, 1, 0, 0) for item in (0, 1)]
    write_by_bucket(path, ["u0", "u1"], [pack_explained(b"".join(sound))] * 2, "explained", 1)
    check_lists(run)
    broken = [RECORD.pack(item, 1, 0, 0, 0, 1, 0, 0) for item in (0, 9)]
    write_by_bucket(path, ["u0", "who"], [pack_explained(b"".join(broken))] * 2, "explained", 1)
    stopped_by(check_lists, run)
    assert found_failures(run, "lists") == [("explained_items", "explain-home.parquet", 3.0)]
