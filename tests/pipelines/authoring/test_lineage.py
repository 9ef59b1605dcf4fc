"""`features lineage` follows columns down to the lake and up to their users."""

import json

import pytest

from pipelines.__main__ import main
from pipelines.authoring.lineage import Lineage, find_lineage, trace_lineage
from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from pipelines.surfaces import SurfacesSettings
from tests.night_fixtures import REPOSITORY
from tests.pipelines.features.sql_text import BODY, write_folder

SURFACES = SurfacesSettings.model_validate({"home": {"label": "again"}, "discover": {}})
FILES = {
    "user/visits": BODY,
    "user/above": "select user_id, n_events from visits where n_events > 2",
    "user/beside": "select above.user_id, items.price as n_events from above\n"
    "join users u on u.user_id = above.user_id and u.segment is not null cross join items",
    "label/again": BODY.replace("event_at < $as_of", "event_at >= $as_of and event_at < $until"),
}


@pytest.fixture
def traced(tmp_path):
    return trace_lineage(load_folder(write_folder(tmp_path, FILES)), SURFACES)


def test_a_table_in_the_middle(traced):
    """Columns read, followed down through the tables between, and readers all the way up."""
    rankers = ["ranker: home", "ranker: discover"]
    assert traced["above"] == Lineage(
        table="above",
        folder="user",
        reads={"visits": ["n_events", "user_id"]},
        base_columns={"events": ["event_at", "user_id"]},
        read_by=["beside"],
        downstream=["beside"],
        used_by=rankers,
    )
    assert traced["visits"].downstream == ["above", "beside"]
    assert traced["visits"].read_by == ["above"]


def test_columns_of_a_join_belong_to_their_tables(traced):
    """By alias and by name."""
    assert traced["beside"].reads == {
        "above": ["user_id"],
        "items": ["price"],
        "users": ["segment", "user_id"],
    }
    assert traced["beside"].base_columns == {
        "events": ["event_at", "user_id"],
        "items": ["price"],
        "users": ["segment", "user_id"],
    }


def test_a_label_is_used_where_a_surface_names_it(traced):
    """And by no ranker as a feature."""
    assert traced["again"].used_by == ["label of the ranker: home"]


def test_an_unknown_table_is_named_with_those_there_are(traced):
    """So that a slip is seen at once."""
    with pytest.raises(SqlFileError, match="visit: no table of the folder; there are above, again"):
        find_lineage(traced, "visit")


def test_every_table_of_the_demo_comes_from_the_lake():
    """No table reads a column that is in neither lake nor folder, and none comes from nothing."""
    files = load_folder(REPOSITORY / "feature_sql")
    traced = trace_lineage(files, SURFACES)
    assert list(traced) == list(files)
    for lineage in traced.values():
        assert lineage.base_columns, lineage.table
        for table, columns in lineage.reads.items():
            assert columns, (lineage.table, table)
            assert table not in files or set(columns) <= set(files[table].header.columns)


def test_the_command_prints_text_or_json(capsys):
    """One table in lines or as an object, all tables as a line each or a list."""
    settings = ["--settings", str(REPOSITORY / "nightshelf.toml"), "features", "lineage"]
    assert main([*settings, "purchased"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "label/purchased",
        "  reads         events: event_at, event_type, item_id, user_id",
        "  from the lake events: event_at, event_type, item_id, user_id",
        "  read by       no other table",
        "  used by       label of the ranker: home",
    ]
    assert main([*settings, "purchased", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reads"] == {
        "events": ["event_at", "event_type", "item_id", "user_id"]
    }
    assert main(settings) == 0
    assert "item_rhythm ← user_item_history" in capsys.readouterr().out.splitlines()
    assert main([*settings, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(load_folder(REPOSITORY / "feature_sql"))
