"""Folders of files that do not fit each other are refused, with file, line and cause."""

import pytest

from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from tests.pipelines.features.sql_text import BODY, write_folder

FOLDERS = {
    "near miss": (
        {"user/visits": "select user_id, 1 as n_events from evnts"},
        r"visits\.sql:10: reads the unknown table evnts; did you mean events\?$",
    ),
    "near a CTE": (
        {
            "user/visits": "with per_user as (select user_id from users)"
            " select user_id, 1 as n_events from peruser"
        },
        r"visits\.sql:10: reads the unknown table peruser; did you mean per_user\?$",
    ),
    "unknown table": (
        {"user/visits": "select user_id, 1 as n_events from zzz"},
        r"reads the unknown table zzz; known: events, items, users, event_weights, "
        r"item_graph, user_graph, item_embeddings, user_embeddings, visits$",
    ),
    "name twice": (
        {"user/visits": BODY, "user_item/visits": BODY},
        r"user_item/visits\.sql:1: .*user/visits\.sql makes a table of this name already",
    ),
    "name of the lake": ({"item/events": BODY}, r"events is a table that every file may read"),
    "cycle": (
        {
            "user/first": "select user_id, 1 as n_events from second",
            "user/second": "select user_id, 1 as n_events from first",
        },
        r"files read each other in a circle: .*\.sql → .*\.sql → .*\.sql$",
    ),
    "itself": (
        {"user/first": "select user_id, 1 as n_events from first"},
        r"files read each other in a circle: .*first\.sql → .*first\.sql$",
    ),
    "label used": (
        {"label/bought": BODY, "user/visits": "select user_id, 1 as n_events from bought"},
        r"visits\.sql:10: reads the label bought, which knows the future$",
    ),
    "CTE like a lake table": (
        {
            "user/visits": "with events as (select user_id, event_at from events"
            " where event_at < $as_of) select user_id, 1 as n_events from events"
        },
        r"visits\.sql:10: calls a CTE events, which is the name of a table; choose another",
    ),
    "CTE like a label": (
        {
            "label/bought": BODY,
            "user/visits": "with bought as (select user_id from bought)"
            " select user_id, 1 as n_events from bought",
        },
        r"visits\.sql:10: calls a CTE bought, which is the name of a table; choose another",
    ),
    "empty": ({}, r"no SQL file in any of user, item, user_item, label$"),
}


@pytest.mark.parametrize(("files", "cause"), FOLDERS.values(), ids=FOLDERS.keys())
def test_a_broken_folder_is_refused(tmp_path, files, cause):
    """Rules that several files break together are named with the files."""
    with pytest.raises(SqlFileError, match=cause):
        load_folder(write_folder(tmp_path, files))


def test_every_broken_file_is_named_at_once(tmp_path):
    """Two broken files of a folder are two lines of one message."""
    write_folder(
        tmp_path, {"user/a": "select 1", "user/b": "drop table x", "item/c": "select now()"}
    )
    with pytest.raises(SqlFileError) as caught:
        load_folder(tmp_path)
    assert [line.split(":")[0].rsplit("/", 1)[1] for line in str(caught.value).splitlines()] == [
        "c.sql",
        "b.sql",
    ]


def test_files_come_after_what_they_read(tmp_path):
    """The order follows the SQL, and a table expression of a file is no table of the folder."""
    folder = write_folder(
        tmp_path,
        {
            "user/a": "with visits as (select user_id from c) select user_id, 1 as n_events"
            " from visits",
            "user/b": BODY,
            "item/c": "select user_id, n_events from b join users using (user_id)",
        },
    )
    files = load_folder(folder)
    assert list(files) == ["b", "c", "a"]
    assert {name: set(file.dependencies) for name, file in files.items()} == {
        "a": {"c"},
        "b": {"events"},
        "c": {"b", "users"},
    }
