"""Tonight's row counts beside those of the last finished run."""

from datetime import timedelta

from pipelines.files import write_json
from pipelines.quality.events import check_events
from pipelines.quality.features import check_features
from pipelines.quality.previous_run import PreviousRows, find_previous
from pipelines.runs import FINISHED
from tests.quality.made_run import AS_OF, begin_with_features, found_failures, stopped_by


def finish(run, **rows):
    """Leaves what a finished night would: its counts, and the record of the last stage."""
    for gate in ("events", "features"):
        write_json(run.path("quality", f"{gate}.json"), {"rows": rows})
    run.finish(FINISHED, {}, 0.0)


def test_a_loss_of_rows_stops_the_run(inputs):
    """More than `[quality] max_row_change` fewer rows than last night is not published."""
    before = inputs.begin(AS_OF - timedelta(days=1))
    finish(before, events=100, items=12, users=4)
    run = inputs.begin()
    message = stopped_by(check_events, run)
    assert found_failures(run, "events") == [("row_count_change", "events", 0.69)]
    assert f"(31 rows, 100 in run {before.id}), expected at most 0.5 share" in message


def test_a_feature_table_that_shrinks_stops_the_run(inputs):
    """Tables of the night are compared as well, each with its own count."""
    finish(inputs.begin(AS_OF - timedelta(days=1)), user_history=100)
    run = begin_with_features(inputs)
    stopped_by(check_features, run)
    assert found_failures(run, "features") == [("row_count_change", "user_history", 0.94)]


def test_only_finished_runs_near_enough_are_compared(inputs):
    """Unfinished, later and long past runs say nothing; the newest of the others counts."""
    run = inputs.begin()
    inputs.settings_text += 'compare_within = "3d"\n'
    inputs.begin(AS_OF - timedelta(hours=1))  # never finished
    assert find_previous(run, "events") is None
    finish(inputs.begin(AS_OF - timedelta(hours=30)), events=1)
    newest = inputs.begin(AS_OF - timedelta(hours=20))
    finish(newest, events=2)
    assert find_previous(run, "events") == PreviousRows(newest.id, {"events": 2})
    later = inputs.begin(AS_OF + timedelta(days=1))
    assert find_previous(later, "events") == PreviousRows(newest.id, {"events": 2})
    assert find_previous(inputs.begin(AS_OF - timedelta(hours=30)), "events") is None


def test_an_old_run_is_not_compared(inputs):
    """A run older than `[quality] compare_within` is no measure of tonight."""
    inputs.settings_text += 'compare_within = "1d"\n'
    finish(inputs.begin(AS_OF - timedelta(hours=25)), events=1000)
    assert check_events(inputs.begin())["events"] == 31


def test_small_tables_may_jump_about(inputs):
    """Tables below `[quality] min_compared_rows` in both runs are not compared."""
    inputs.settings_text = inputs.settings_text.replace("min_compared_rows = 1", "")
    finish(inputs.begin(AS_OF - timedelta(days=1)), events=99, items=1, users=1)
    assert check_events(inputs.begin())["events"] == 31
