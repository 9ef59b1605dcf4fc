"""Tonight against the live version: what is compared, what is not and why."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.evaluation.compare import compare_with_live
from pipelines.evaluation.paired import judge
from pipelines.evaluation.user_figures import user_figures_path
from pipelines.files import read_json, write_json
from pipelines.lists.listed import listed_path
from pipelines.runs import open_run
from store.keys import NamespaceKeys
from tests.night_fixtures import NO_STORE, copy_shop, open_shop

LIVE_ID = "20240506T000000-aaaaaaaaaaaa"
LIVE_VERSION = f"{LIVE_ID}-12345678"
SAME_LISTS = {
    "overlap@10": 1.0,
    "overlap@20": 1.0,
    "changed@20": 0.0,
    "users_only_tonight": 0,
    "users_only_live": 0,
}


@pytest.fixture
def tonight(finished_night, tmp_path):
    """A copy of the finished night, in a shop of its own."""
    settings = copy_shop(finished_night.settings, tmp_path / "copy")
    return open_run(settings, finished_night.id)


@pytest.fixture
def live(tonight, client):
    """A second run, like tonight's in everything but its name, whose version is live."""
    folder = tonight.directory.with_name(LIVE_ID)
    shutil.copytree(tonight.directory, folder, copy_function=shutil.copyfile)  # not read-only
    write_json(folder / "manifest.json", {**tonight.manifest, "run_id": LIVE_ID})
    point_at(client, LIVE_VERSION)
    yield open_run(tonight.settings, LIVE_ID)
    client.delete(NamespaceKeys("shop").active)


def point_at(client, version):
    client.set(NamespaceKeys("shop").active, f"1 {version}")


def compare(run):
    counts = compare_with_live(run)
    return counts, read_json(run.path("comparison.json"))


def rewrite(path, change):
    """The rows of *path* after *change*."""
    pq.write_table(change(pq.read_table(path)), path)


def test_the_same_figures_are_not_decided(tonight, live):
    """Two runs alike: no difference, no verdict, and every list is the same."""
    counts, found = compare(tonight)
    assert counts == {"live": LIVE_VERSION, "home": "not decided", "discover": "not decided"}
    assert (found["live"], found["reason"], found["model"]) == (
        LIVE_VERSION,
        "",
        "ranker_with_rules",
    )
    for surface in ("home", "discover"):
        results = found["surfaces"][surface]
        evaluated = read_json(tonight.path("evaluation.json"))["surfaces"][surface]
        mean = evaluated["models"]["ranker_with_rules"]["ndcg@20"]
        assert results["figures"]["ndcg@20"] == {
            "users": evaluated["users"],
            "live": pytest.approx(mean, abs=2e-6),
            "tonight": pytest.approx(mean, abs=2e-6),
            "difference": 0.0,
            "interval": [0.0, 0.0],
            "verdict": "not decided",
        }
        users = pc.count_distinct(
            pq.read_table(listed_path(tonight.path("lists"), surface))["user"]
        ).as_py()
        assert results["lists"] == {"users": users, **SAME_LISTS}


@pytest.mark.parametrize(("shift", "verdict"), [(0.05, "worse"), (-0.05, "better")])
def test_a_difference_beyond_noise_is_decided(tonight, live, shift, verdict):
    """Every user had as much more, or less, in the live run: the verdict is tonight's."""

    def change(table):
        column = pc.add(table["ndcg@20"], shift)
        return table.set_column(table.schema.get_field_index("ndcg@20"), "ndcg@20", column)

    rewrite(user_figures_path(live, "home"), change)
    counts, found = compare(tonight)
    figure = found["surfaces"]["home"]["figures"]["ndcg@20"]
    assert (counts["home"], figure["verdict"]) == (verdict, verdict)
    assert figure["difference"] == pytest.approx(-shift)
    assert figure["interval"] == [pytest.approx(-shift), pytest.approx(-shift)]


def test_only_common_users_are_compared(tonight, live):
    """Users that the live run did not evaluate stay out, whatever the order of rows."""
    path = user_figures_path(live, "home")
    everybody = pc.unique(pq.read_table(path)["user_id"]).to_pylist()
    rewrite(
        path,
        lambda t: t.filter(pc.is_in(t["user_id"], pa.array(everybody[5:]))).sort_by(
            [("user_id", "descending")]
        ),
    )
    figure = compare(tonight)[1]["surfaces"]["home"]["figures"]["ndcg@20"]
    assert (figure["users"], figure["difference"]) == (len(everybody) - 5, 0.0)


def test_lists_are_compared_by_ids(tonight, live):
    """The live run numbered items and users in another way, and knew one more of each."""
    for name in ("items", "users"):
        key = f"{name[:-1]}_id"
        rewrite(
            live.path("index", f"{name}.parquet"),
            lambda t, key=key: pa.concat_tables(
                [t.slice(0, 1).set_column(t.schema.get_field_index(key), key, [["0 gone"]]), t]
            ),
        )
    for surface in ("home", "discover"):
        rewrite(listed_path(live.path("lists"), surface), _numbered_one_higher)
    found = compare(tonight)[1]["surfaces"]["home"]["lists"]
    assert {name: found[name] for name in SAME_LISTS} == SAME_LISTS


def test_a_changed_list_is_counted(tonight, live):
    """One user's first two items change places, another's first becomes one that is gone."""
    path = listed_path(live.path("lists"), "home")
    rows = pq.read_table(path)
    users = pc.unique(rows["user"]).to_pylist()
    rewrite(path, lambda t: _swap_and_lose(t, users[0], users[1]))
    found = compare(tonight)[1]["surfaces"]["home"]["lists"]
    n = len(users)
    lost = int(np.minimum((rows["user"].to_numpy() == users[1]).sum(), 20))
    assert found["changed@20"] == pytest.approx(2 / n, abs=1e-6)
    assert found["overlap@20"] == pytest.approx(1 - 1 / lost / n, abs=1e-6)
    assert found["overlap@10"] == pytest.approx(1 - 1 / 10 / n, abs=1e-6)


def test_without_a_store_there_is_a_sentence(tonight):
    """The night needs no store: nothing is compared, and the page says why."""
    text = tonight.settings.path.read_text(encoding="utf-8")
    lines = [f'url = "{NO_STORE}"' if x.startswith("url") else x for x in text.splitlines()]
    tonight.settings.path.write_text("\n".join(lines), encoding="utf-8")
    run = replace(tonight, settings=open_shop(tonight.settings.path.parent))
    counts, found = compare(run)
    assert counts == {"live": "none", "verdict": "not comparable"}
    assert (found["live"], found["surfaces"]) == (None, {})
    assert found["reason"] == ("the store did not answer, so it is not known which version is live")


def test_what_is_live_may_be_nothing_or_gone_or_ourselves(tonight, live, client):
    """Each case has a sentence of its own."""
    found = {}
    for case, version in {
        "gone": "20240101T000000-bbbbbbbbbbbb-12345678",
        "ourselves": f"{tonight.id}-12345678",
    }.items():
        point_at(client, version)
        found[case] = compare(tonight)[1]["reason"].replace(version, "…")
    client.set(NamespaceKeys("shop").active, "nonsense")
    found["damaged"] = compare(tonight)[1]["reason"].split(":")[0]
    client.delete(NamespaceKeys("shop").active)
    found["nothing"] = compare(tonight)[1]["reason"]
    assert found == {
        "gone": "the run of the live version … is no longer kept",
        "ourselves": "the live version … was made by this very run",
        "damaged": "the active pointer is b'nonsense'; expected '<generation> <version>'",
        "nothing": "no version is live yet",
    }


def test_other_windows_and_labels_are_not_compared(tonight, live):
    """Figures of another window or of another truth say nothing; lists are still compared."""
    manifest = live.manifest
    cutoffs = {**manifest["cutoffs"], "evaluation": "2024-04-22T00:00:00"}
    write_json(live.path("manifest.json"), {**manifest, "cutoffs": cutoffs})
    home = compare(tonight)[1]["surfaces"]["home"]
    assert (home["figures"], home["lists"]["overlap@20"]) == ({}, 1.0)
    assert home["reason"] == (
        "the live run was evaluated on 2024-04-22 to 2024-04-29, tonight's on 2024-04-29 to "
        "2024-05-06"
    )
    settings = json.loads(json.dumps(manifest["settings"]))
    settings["surfaces"]["home"]["label"] = "purchased_new"
    write_json(live.path("manifest.json"), {**manifest, "settings": settings})
    reason = compare(tonight)[1]["surfaces"]["home"]["reason"]
    assert reason == "the live run counts purchased_new as right, tonight's purchased"


def test_a_live_run_without_figures_of_users(tonight, live):
    """A run of an earlier version has none, and a surface that it lacked has no lists either."""
    user_figures_path(live, "home").unlink()
    listed_path(live.path("lists"), "home").unlink()
    counts, found = compare(tonight)
    assert counts["home"] == "not comparable"
    assert found["surfaces"]["home"] == {
        "reason": "the live run has no figures by user for this surface",
        "figures": {},
        "lists": None,
    }


def test_nobody_in_common(tonight, live):
    """Runs that evaluated different users have nothing to compare."""
    rewrite(user_figures_path(live, "home"), lambda t: t.slice(0, 0))
    assert compare(tonight)[1]["surfaces"]["home"]["reason"] == (
        "no user was evaluated in both runs"
    )


def test_verdicts():
    """An interval that touches zero decides nothing."""
    intervals = [(0.01, 0.02), (-0.02, -0.01), (-0.01, 0.01), (0.0, 0.01), (-0.01, 0.0)]
    assert [judge(interval) for interval in intervals] == [
        "better",
        "worse",
        "not decided",
        "not decided",
        "not decided",
    ]


def _numbered_one_higher(rows):
    for name in ("user", "item"):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, pc.add(rows[name], pa.scalar(1, pa.int32())))
    return rows


def _swap_and_lose(rows, swapped, lost):
    """The first two items of *swapped* change places; the first of *lost* is not in any list."""
    users, ranks, items = (rows[name].to_numpy().copy() for name in ("user", "rank", "item"))
    first, second = ((users == swapped) & (ranks == place) for place in (1, 2))
    items[first], items[second] = items[second], items[first]
    mine = users == lost
    unused = np.setdiff1d(np.arange(40), items[mine])[0]
    items[mine & (ranks == 1)] = unused
    return rows.set_column(rows.schema.get_field_index("item"), "item", pa.array(items))


def test_an_edited_label_is_not_compared(tonight, live):
    """The same name with other SQL counts other things as right; the other surface has figures."""
    outputs = live.manifest["outputs"]
    changed = {**outputs, "sql": {**outputs["sql"], "purchased": "0" * 64}}
    write_json(live.path("manifest.json"), {**live.manifest, "outputs": changed})
    counts, found = compare(tonight)
    assert counts == {"live": LIVE_VERSION, "home": "not comparable", "discover": "not decided"}
    assert (
        found["surfaces"]["home"]["reason"] == "label/purchased.sql has changed since the live run"
    )
