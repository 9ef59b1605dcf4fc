"""The night as a whole: repeatable, resumable, and blind to what comes after its moment."""

import random
import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest

from pipelines.files import hash_file, hash_files, read_json, write_json
from pipelines.moments import MomentError
from pipelines.night import (
    LIST_STAGES,
    STAGES,
    begin_night,
    do_night,
    do_stage,
    do_stages,
    finish_night,
    lists_hash,
    publish_run,
    score_shard,
)
from pipelines.ranking.score import shard_path
from pipelines.runs import FINISHED, RunError, list_runs, open_run
from settings import SettingsError
from tests.night_fixtures import (
    SHOP_AS_OF,
    MadeShop,
    copy_shop,
    made_rows,
    open_shop,
    write_csv,
    write_shop,
)

ALL_STAGES = [*STAGES, "score-0000", *LIST_STAGES, FINISHED]


@pytest.fixture(scope="module")
def shuffled_night(tmp_path_factory):
    """The same shop once more: other files, other order of rows, another folder."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    made = made_rows()
    tables = [list(rows) for rows in (made.sales, made.products, made.customers)]
    for rows in tables:
        dice.shuffle(rows)
    folder = tmp_path_factory.mktemp("elsewhere")
    return do_night(begin_night(write_shop(folder, MadeShop(*tables), sales_files=5)))


@pytest.fixture
def copied(finished_night, tmp_path):
    """Settings of a copy of the shop and its finished night, to be changed at will."""
    return copy_shop(finished_night.settings, tmp_path / "copy")


def outputs(run):
    """What a night must reproduce: lists, models, evaluation, version."""
    found = run.manifest["outputs"]
    return {key: found[key] for key in ("lists_hash", "models", "evaluation", "version", "sql")}


def test_shuffled_input_gives_the_same_night(finished_night, shuffled_night):
    """Order of rows, number of files and place on disk decide nothing: same run, same lists."""
    assert shuffled_night.id == finished_night.id
    assert outputs(shuffled_night) == outputs(finished_night)
    assert shuffled_night.directory != finished_night.directory
    for surface in ("home", "discover"):
        one, other = (
            pq.read_table(shard_path(run, surface, 0)) for run in (shuffled_night, finished_night)
        )
        assert one == other


def test_later_events_change_nothing(finished_night, shuffled_night):
    """Events at and after as_of are ingested and counted, but no list and no feature sees them."""
    folder = shuffled_night.settings.path.parent
    later = [
        {**sale, "sold_at": str(SHOP_AS_OF + timedelta(hours=n)), "basket": "later"}
        for n, sale in enumerate(made_rows().sales[:50])
    ]
    write_csv(folder / "sales" / "later.csv", later)
    run = do_night(begin_night(open_shop(folder)))
    assert run.id != finished_night.id
    before = finished_night.manifest["lake"]["counts"]["events"]
    assert run.manifest["lake"]["counts"]["events"] == before + 50
    counts = run.stage_record("features")["counts"]
    assert run.manifest["features"] == {"rebuilt": {}, "reused": counts["tables"]}
    assert {**outputs(run), "version": ""} == {**outputs(finished_night), "version": ""}


def test_a_second_run_skips_every_stage(copied, finished_night):
    """The same night again is the same run, and not one file of it is written."""
    run = begin_night(copied)
    before = {p: p.stat().st_mtime_ns for p in run.directory.rglob("*") if p.parent.name != "locks"}
    again = do_night(run)
    after = {p: p.stat().st_mtime_ns for p in run.directory.rglob("*") if p.parent.name != "locks"}
    assert (again.id, after) == (finished_night.id, before)
    assert lists_hash(again) == lists_hash(finished_night)


def test_a_forced_run_reproduces_and_replaces(copied, finished_night):
    """A rebuild does every stage; if it gave other lists both stay, else it takes the place."""
    run = begin_night(copied, force=True)
    assert (run.id, run.is_rebuild) == (finished_night.id, True)
    original = open_run(copied, run.id)
    started = original.stage_record("index")
    do_stages(run)
    _refuse_other_lists(run, original)
    finished = finish_night(run)
    assert list_runs(copied) == [run.id]
    assert finished.directory == original.directory
    assert outputs(finished) == outputs(finished_night)
    assert (
        finished.stage_record("index") != started
        or finished.stage_record("features")["counts"]["rebuilt"]
    )


def _refuse_other_lists(run, original):
    """A manifest that says other lists came out before stops the replacement."""
    manifest = original.manifest
    other = {**manifest, "outputs": {**manifest["outputs"], "lists_hash": "0" * 64}}
    write_json(original.path("manifest.json"), other)
    with pytest.raises(RunError, match=r"gave other lists_hash than before; both are kept: "):
        finish_night(run)
    assert list_runs(run.settings) == [run.id, run.name]
    write_json(original.path("manifest.json"), manifest)


def test_a_stage_that_fails_leaves_nothing_and_goes_on(copied, finished_night):
    """A torn shard stops the lists; nothing of them is there, and the next try makes them."""
    run = begin_night(copied)
    for stage in ("lists", "check_lists", "report", FINISHED):
        run.path("stages", f"{stage}.json").unlink()
    shutil.rmtree(run.path("lists"))
    shard = shard_path(run, "home", 0)
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match=r"shard-0000\.parquet cannot be read .* with force"):
        do_night(run)
    assert not run.path("lists").exists()
    assert list(run.directory.glob(".*")) == []
    assert not run.is_done("lists")
    shard.write_bytes(whole)
    assert lists_hash(do_night(run)) == lists_hash(finished_night)


def test_every_stage_leaves_a_record(finished_night):
    """Stages in their order, with seconds and memory in `timings.json`."""
    assert [record["stage"] for record in finished_night.stage_records()] == ALL_STAGES
    timings = read_json(finished_night.path("timings.json"))
    assert set(timings) == {"seconds", "peak_mb", "total_seconds", "explain_seconds"}
    assert set(timings["seconds"]) == set(timings["peak_mb"]) == set(ALL_STAGES) - {FINISHED}
    assert timings["total_seconds"] == pytest.approx(sum(timings["seconds"].values()), abs=0.01)


def test_the_manifest_is_the_provenance(finished_night):
    """Data, SQL, settings, code, seeds, models and results of the night, by hash."""
    manifest = finished_night.manifest
    assert set(manifest["inputs"]) == {"as_of", "data", "sql", "settings", "code", "requirements"}
    found = manifest["outputs"]
    models = finished_night.path("models")
    assert found["models"] == {
        **{p.relative_to(models).as_posix(): hash_file(p) for p in models.rglob("*.npz")},
        **{p.name: hash_file(p) for p in models.glob("ranker-*.txt")},
    }
    assert found["evaluation"] == hash_file(finished_night.path("evaluation.json"))
    lists = finished_night.path("lists")
    assert found["lists_hash"] == hash_files(lists.glob("*.parquet"), root=lists)
    assert found["version"] == f"{finished_night.id}-{found['lists_hash'][:8]}"
    assert manifest["cutoffs"] == {
        "training": ["2024-04-22T00:00:00", "2024-04-15T00:00:00"],
        "evaluation": "2024-04-29T00:00:00",
        "night": "2024-05-06T00:00:00",
        "horizon_s": 7 * 86_400,
    }


def test_stale_data_is_refused(finished_night):
    """The error names the newest event and the moment that it is too old for."""
    with pytest.raises(
        MomentError,
        match=r"newest event before as_of 2024-06-01 00:00 is of 2024-05-05 23:00, older than "
        r"\[night\] max_age allows \(2d\)",
    ):
        begin_night(finished_night.settings, as_of=datetime(2024, 6, 1))


def test_too_little_history_is_refused(finished_night):
    """A moment soon after the first event leaves no room for training."""
    with pytest.raises(MomentError, match=r"events start at 2024-01-1.* bring older events"):
        begin_night(finished_night.settings, as_of=datetime(2024, 2, 5))


def test_a_moment_before_all_events_is_refused(finished_night):
    """The error tells which days the lake has."""
    with pytest.raises(MomentError, match=r"no event before as_of 2020-01-01 .* are 2024-01-1"):
        begin_night(finished_night.settings, as_of=datetime(2020, 1, 1))


def test_a_night_needs_a_moment(finished_night, tmp_path):
    """Without `[night] as_of` and without a given one there is no run, and no “now”."""
    text = finished_night.settings.path.read_text(encoding="utf-8")
    (tmp_path / "nightshelf.toml").write_text(text.replace("as_of", "# as_of"), encoding="utf-8")
    with pytest.raises(MomentError, match=r"\[night\] as_of is not set and no moment was given"):
        begin_night(open_shop(tmp_path))


def test_some_surfaces_are_a_run_of_their_own(copied, finished_night):
    """A dry run of one surface has another id and sees only that surface."""
    run = begin_night(copied, surfaces=["home"])
    assert run.id != finished_night.id
    assert set(run.manifest["settings"]["surfaces"]) == {"home"}
    assert set(open_run(copied, run.id).settings.tables["surfaces"]) == {"home"}
    with pytest.raises(RunError, match=r"unknown surfaces \['hone'\]; \[surfaces\] has discover, "):
        begin_night(copied, surfaces=["hone"])


def test_an_unknown_stage_is_refused(finished_night):
    """The error lists the stages."""
    with pytest.raises(RunError, match=r"no stage 'feature'; stages: index, check_events, feat"):
        do_stage(finished_night, "feature")


def test_a_finished_night_is_published(finished_night, store_settings, client):
    """Its lists become the live version; publishing them again changes nothing."""
    variables = {"NIGHTSHELF__STORE__URL": store_settings.url}
    settings = open_shop(finished_night.settings.path.parent, variables)
    run = replace(finished_night, settings=settings)
    version = run.manifest["outputs"]["version"]
    assert publish_run(run).version == version
    pointer = client.get("ns:shop:active")
    assert pointer.split()[1].decode() == version
    assert publish_run(run).version == version
    assert client.get("ns:shop:active") == pointer


def test_lists_that_no_gate_has_passed_are_not_published(copied):
    """A run is published once it is finished, and finished once every stage is done."""
    run = begin_night(copied)
    for stage in ("check_lists", "report", FINISHED):
        run.path("stages", f"{stage}.json").unlink()
    with pytest.raises(
        RunError, match=r"is not finished; end it with `python -m pipelines night --as"
    ):
        publish_run(run)
    with pytest.raises(RunError, match="finish comes after check_lists, report; do that first"):
        finish_night(run)
    with pytest.raises(RunError, match="report comes after check_lists; do that first"):
        do_stage(run, "report")


def test_a_stage_out_of_order_is_refused(copied):
    """A stage names those before it that are not done; a shard that does not exist is named."""
    run = begin_night(copied)
    with pytest.raises(RunError, match="has no shard 99; it has 0 to 0"):
        score_shard(run, 99)
    for stage in ("rankers", "score-0000", "lists"):
        run.path("stages", f"{stage}.json").unlink()
    with pytest.raises(RunError, match="score comes after rankers; do that first"):
        score_shard(run, 0)
    run.path("stages", "rankers.json").write_text("{}")
    with pytest.raises(RunError, match="lists comes after score-0000; do that first"):
        do_stage(run, "lists")


@pytest.mark.parametrize("name", ["RETENTION__KEEP_RUNS", "PUBLISH__KEEP_VERSIONS"])
def test_what_is_used_last_is_checked_first(copied, name):
    """A wrong setting of publishing is found before the night, not after it."""
    wrong = open_shop(copied.path.parent, {f"NIGHTSHELF__{name}": "0"})
    with pytest.raises(SettingsError, match=name.lower().replace("__", r"\.")):
        begin_night(wrong)


def test_a_gate_that_failed_is_not_passed_with_other_settings(copied):
    """A stage that is not done is refused when settings or SQL are not those of the run."""
    run = begin_night(copied)
    for stage in ("check_lists", "report", FINISHED):
        run.path("stages", f"{stage}.json").unlink()
    lax = open_shop(copied.path.parent, {"NIGHTSHELF__QUALITY__MIN_LIST_ITEMS": "1"})
    with pytest.raises(RunError, match=r"was opened with other settings; set back what was chan"):
        do_stage(open_run(lax, run.id), "check_lists")
    do_stage(open_run(copied, run.id), "check_lists")
    do_stage(open_run(lax, run.id), "check_lists")  # it is done: nothing is decided any more
