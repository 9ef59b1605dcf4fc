"""The stage: what drifts is named, what does not is not, and the header can stop the night."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from pipelines.drift.distributions import read_distributions
from pipelines.drift.errors import DriftError
from pipelines.drift.last_runs import last_runs
from pipelines.drift.section import drift_section
from pipelines.drift.stage import check_drift, read_drift
from pipelines.files import read_json, write_json
from pipelines.night import do_stage
from tests.pipelines.drift.nights import AS_OF, TASTE, days_ago

COLUMNS = ["spent", "quantity", "kind", "constant", "last_at", "basket"]


def dearer(row, number):
    return {**row, "value": row["value"] * 2}


def half_unknown(row, number):
    return {**row, "quantity": row["quantity"] if number % 2 else None}


def unknown(row, number):
    return {**row, "quantity": None}


def likes(row, number):
    return {**row, "event_type": "like" if number % 4 == 0 else row["event_type"]}


def of_taste(run):
    """The drift of each column of `user_taste`, by name."""
    _, columns = read_drift(run)
    return {drift.column: drift for drift in columns if drift.table == "user_taste"}


def over(run):
    return [name for name, drift in of_taste(run).items() if drift.is_over]


def test_the_first_run_has_nothing_to_compare_with(nights):
    """It stores distributions, says so of every column, and writes no index of its own."""
    run = nights.begin(AS_OF)
    assert check_drift(run) == {"tables": 2, "columns": 8, "compared": 0, "over": 0}
    compared_with, columns = read_drift(run)
    assert (compared_with, {drift.state for drift in columns}) == ([], {"first run"})
    assert sorted(read_distributions(run)["user_taste"].columns) == sorted(COLUMNS)
    assert "nightshelf_feature_psi{" not in run.path("metrics.prom").read_text()


def test_the_same_shoppers_do_not_drift(nights):
    """A night later, with the same behaviour, every index is 0 and nothing is over."""
    first = nights.finish(days_ago(1))
    run = nights.begin(AS_OF)
    check_drift(run)
    taste = of_taste(run)
    assert {name: drift.psi for name, drift in taste.items()} == dict.fromkeys(COLUMNS, 0.0)
    assert {(d.state, d.last_run, d.n_runs) for d in taste.values()} == {("compared", first.id, 1)}
    assert over(run) == []


def test_a_column_that_drifts_is_named_and_the_others_are_not(nights):
    """All pay twice as much: `spent` alone is over, with value, limit and the run before."""
    first = nights.finish(days_ago(1))
    run = nights.begin(AS_OF, dearer)
    assert check_drift(run)["over"] == 1
    assert over(run) == ["spent"]
    (found,) = read_json(run.path("drift.json"))["over"]
    psi = of_taste(run)["spent"].psi
    assert psi > 1
    assert found == {
        "table": "user_taste",
        "column": "spent",
        "action": "warn",
        "what": f"PSI {psi:.3f} against run {first.id}, limit 0.25",
    }


def test_the_header_stops_the_night(nights):
    """With `action: stop` the stage fails and names table, column, value, limit, run and file."""
    nights.drift = "drift: {max_psi: 0.2, action: stop}\n"
    first = nights.finish(days_ago(1))
    run = nights.begin(AS_OF, dearer)
    for stage in ("check_events", "check_features"):
        run.finish(stage, {}, 0.0)
    run.finish("index", {}, 0.0)
    run.finish("features", {}, 0.0)
    with pytest.raises(DriftError) as stopped:
        do_stage(run, "drift")
    psi = of_taste(run)["spent"].psi
    assert str(stopped.value) == (
        f"run {run.id} stops: 1 columns drifted further than the header of their file allows; "
        "nothing that a reader sees has changed\n"
        f"- user_taste.spent: PSI {psi:.3f} against run {first.id}, limit 0.2\n"
        f"    limit and `action: stop` of {nights.directory}/feature_sql/user/user_taste.sql\n"
        "find out what the source changed; if the values are right, raise max_psi or "
        "max_null_share_change under drift in the header, or say action: warn"
    )
    assert not run.is_done("drift")
    assert 'over_limit{namespace="demo",table="user_taste",column="spent"} 1' in (
        run.path("metrics.prom").read_text()
    )


def test_a_higher_limit_in_the_header_lets_it_pass(nights):
    """The header's limit wins over the settings', and a changed header is no new definition."""
    nights.settings = "max_psi = 0.01"
    nights.finish(days_ago(1))
    nights.drift = "drift: {max_psi: 100.0, action: stop}\n"
    run = nights.begin(AS_OF, dearer)
    assert check_drift(run)["over"] == 0
    assert of_taste(run)["spent"].state == "compared"


def test_nulls_that_appear_are_over_their_own_limit(nights):
    """Half of the quantities are missing: the shares say so, the values that are left do not."""
    first = nights.finish(days_ago(1))
    run = nights.begin(AS_OF, half_unknown)
    check_drift(run)
    assert over(run) == ["quantity"]
    drift = of_taste(run)["quantity"]
    assert (drift.null_share, drift.null_share_before, drift.is_psi_over) == (0.5, 0.0, False)
    (found,) = read_json(run.path("drift.json"))["over"]
    assert found["what"] == f"null share 50.0%, 0.0% in run {first.id}, limit ±10.0%"


def test_a_null_of_few_rows_is_chance(nights):
    """Over the limit of the header, but no more than twenty rows of one population differ by."""
    nights.drift = "drift: {max_null_share_change: 0.02}\n"
    nights.sql = TASTE.replace("group by", "and event_id in ({few}) group by").replace(
        "{few}", ", ".join(f"'s{number}'" for number in range(20))
    )
    nights.finish(days_ago(1))
    run = nights.begin(AS_OF, lambda row, n: unknown(row, n) if n == 7 else row)
    check_drift(run)
    drift = of_taste(run)["quantity"]
    assert (drift.null_share, drift.null_share_before) == (pytest.approx(0.05), 0.0)
    assert not drift.is_null_share_over
    assert drift.chance_null_share_change > 0.05 > drift.max_null_share_change


def test_a_column_of_another_type_says_so(nights):
    """The same SQL gives numbers where the last run had texts: no index, and both are named."""
    first = nights.finish(days_ago(1))
    record = read_json(first.path("distributions.json"))
    columns = record["tables"]["user_taste"]["columns"]
    columns["quantity"] = columns["kind"]
    write_json(first.path("distributions.json"), record)
    run = nights.begin(AS_OF)
    check_drift(run)
    drift = of_taste(run)["quantity"]
    assert (drift.state, drift.psi, drift.last_run) == ("retyped", None, first.id)
    assert "user_taste.quantity (number, was text)" in drift_section(run)
    assert [d.state for d in of_taste(run).values()].count("compared") == len(COLUMNS) - 1


def test_limits_are_of_the_sql_that_made_the_tables(nights):
    """An edit after the tables were built is of the next night; advice names the file to edit."""
    nights.drift = "drift: {action: stop}\n"
    first = nights.finish(days_ago(1))
    run = nights.begin(AS_OF, dearer)
    path = nights.directory / "feature_sql" / "user" / "user_taste.sql"
    path.write_text(TASTE.format(more="").replace("max(value)", "min(value)"), encoding="utf-8")
    with pytest.raises(DriftError, match=f"of {path}\n"):
        check_drift(run)
    spent = of_taste(run)["spent"]
    assert (spent.state, spent.action, spent.last_run) == ("compared", "stop", first.id)


def test_a_column_without_values_has_no_index(nights):
    """All null: PSI says nothing, the null share says all; and so it does when values return."""
    nights.finish(days_ago(2))
    nights.settings = "runs = 1"
    empty = nights.finish(days_ago(1), unknown)
    drift = of_taste(empty)["quantity"]
    assert (drift.psi, drift.null_share_change, drift.is_over) == (None, 1.0, True)
    back = nights.begin(AS_OF)
    check_drift(back)
    drift = of_taste(back)["quantity"]
    assert (drift.psi, drift.null_share_change, drift.is_over) == (None, -1.0, True)


def test_a_category_that_appears_is_named(nights):
    """A kind of event that nobody had: it falls among the others, and its name is told."""
    nights.finish(days_ago(1))
    run = nights.begin(AS_OF, likes)
    check_drift(run)
    assert over(run) == ["kind"]
    assert of_taste(run)["kind"].appeared == ("like",)
    assert read_json(run.path("drift.json"))["over"][0]["what"].endswith(", with 'like' new")


def test_a_constant_that_changes_drifts(nights):
    """Seven becomes eight in the data, not in the SQL: all rows are in another bin."""
    nights.sql = TASTE.replace("7 as constant", "if(max(value) > 1e6, 8, 7) as constant")
    nights.finish(days_ago(1))
    run = nights.begin(AS_OF, lambda row, n: {**row, "value": row["value"] + 10**7})
    check_drift(run)
    assert over(run) == ["spent", "constant"]


def test_a_new_column_and_a_new_table_are_said_to_be_new(nights):
    """A file whose SQL changed begins anew, whatever its values; a new file has no past."""
    nights.finish(days_ago(1))
    nights.sql = TASTE.replace("max(value) as spent", "2 * max(value) as spent")
    other = nights.directory / "feature_sql" / "user" / "user_other.sql"
    other.write_text(nights.sql.format(more="").replace("spent", "paid"), encoding="utf-8")
    run = nights.begin(AS_OF)
    check_drift(run)
    states = {(d.table, d.state) for d in read_drift(run)[1]}
    assert states == {
        ("user_history", "compared"),
        ("user_other", "new"),
        ("user_taste", "redefined"),
    }
    assert over(run) == []


def test_a_table_redefined_upstream_is_redefined(nights):
    """What reads a changed table has another meaning too."""
    child = nights.directory / "feature_sql" / "user" / "user_child.sql"
    child.parent.mkdir(parents=True)
    header = TASTE.format(more="").partition("---*/")[0].replace("spent", "paid")
    child.write_text(
        f"{header}---*/\nselect user_id, spent as paid, quantity, kind, constant, last_at, basket "
        "from user_taste\n",
        encoding="utf-8",
    )
    nights.finish(days_ago(1))
    nights.sql = TASTE.replace("7 as constant", "9 as constant")
    run = nights.begin(AS_OF)
    check_drift(run)
    found = {(d.table, d.state) for d in read_drift(run)[1] if d.table == "user_child"}
    assert found == {("user_child", "redefined")}


def test_tonight_stands_beside_the_mean_of_the_last_runs(nights):
    """One odd night among three moves the mean by a third; the last run is told apart."""
    nights.finish(days_ago(3))
    nights.finish(days_ago(2))
    odd = nights.finish(days_ago(1), dearer)
    run = nights.begin(AS_OF)
    check_drift(run)
    drift = of_taste(run)["spent"]
    assert (drift.n_runs, drift.last_run) == (3, odd.id)
    assert 0 < drift.psi < drift.psi_since_last / 2


def test_which_runs_are_the_last(nights):
    """Finished, near enough, no more than wanted, the newest first; of one moment the newest."""
    nights.settings = 'runs = 2\ncompare_within = "3d"'
    nights.finish(days_ago(5))
    second = nights.finish(days_ago(2))
    nights.finish(days_ago(1))
    again = nights.finish(days_ago(1), dearer)
    nights.begin(AS_OF - timedelta(hours=12))  # never finished
    run = nights.begin(AS_OF)
    assert [one.run_id for one in last_runs(run)] == [again.id, second.id]


def test_outgrown_bins_begin_anew_once_no_run_fits_them(nights):
    """A column that was constant at first is compared again after the runs that still knew it."""
    nights.settings = "runs = 2"
    first = nights.finish(days_ago(5), lambda row, n: {**row, "value": Decimal(1)})
    edges = [read_distributions(first)["user_taste"].columns["spent"].divisions]
    found = []
    for run in (nights.finish(days_ago(day)) for day in (4, 3, 2, 1)):
        edges.append(read_distributions(run)["user_taste"].columns["spent"].divisions)
        found.append(of_taste(run)["spent"])
    assert edges[0] == edges[1] == edges[2] != edges[3] == edges[4]
    assert [drift.is_over for drift in found] == [True, True, False, False]
    assert [drift.psi is None for drift in found] == [False, False, True, False]
    last = nights.begin(AS_OF, dearer)
    check_drift(last)
    assert over(last) == ["spent"]


def test_texts_that_were_missing_at_first_are_compared(nights):
    """The first run had no text: the second one's are the categories, and a third one's drift."""
    nights.sql = TASTE.replace("max(event_type)", "max(nullif(event_type, 'share'))")
    nights.finish(days_ago(2), lambda row, n: {**row, "event_type": "share"})
    second = nights.finish(days_ago(1))
    assert read_distributions(second)["user_taste"].columns["kind"].divisions == ("view", "click")
    run = nights.begin(AS_OF, likes)
    check_drift(run)
    assert over(run) == ["kind"]


@pytest.mark.parametrize(
    "change", [lambda text: text[:-9], lambda text: text.replace('"kind"', '"sort"')]
)
def test_a_run_that_cannot_be_read_is_left_out(nights, caplog, change):
    """Damaged, or of code with other fields: the night goes on beside the others and says so."""
    readable = nights.finish(days_ago(2))
    path = nights.finish(days_ago(1)).path("distributions.json")
    path.write_text(change(path.read_text()))
    assert [one.run_id for one in last_runs(nights.begin(AS_OF))] == [readable.id]
    assert f"{path} cannot be read, not compared with it" in caplog.text


def test_what_chance_alone_explains_is_not_over(nights):
    """Above the limit, but no more than samples of one population differ by: nothing is said."""
    nights.finish(days_ago(1))
    run = nights.begin(AS_OF)
    check_drift(run)
    drift = of_taste(run)["spent"]
    assert 0 < drift.chance_psi < 0.05
    noisy = replace(drift, psi=0.3, chance_psi=0.5)
    assert [noisy.is_over, replace(noisy, chance_psi=0.2).is_over] == [False, True]


def test_large_tables_are_sampled_and_say_so(nights):
    """About a thousand of two thousand shoppers, the same ones on both nights."""
    nights.settings = "sample_rows = 1000"
    before = read_distributions(nights.finish(days_ago(1)))["user_taste"]
    run = nights.begin(AS_OF)
    check_drift(run)
    now = read_distributions(run)["user_taste"]
    assert (before.rows, before.sampled_rows) == (now.rows, now.sampled_rows)
    assert now.rows == 2000
    assert now.sampled_rows == pytest.approx(1000, rel=0.2)
    assert of_taste(run)["spent"].psi == 0


def test_the_same_run_gives_the_same_file(nights):
    """Distributions are the same bytes when the stage is done again."""
    run = nights.begin(AS_OF)
    check_drift(run)
    first = run.path("distributions.json").read_bytes()
    check_drift(run)
    assert run.path("distributions.json").read_bytes() == first


def test_freshness_and_limits_are_metrics(nights):
    """Rows, age and the age that is allowed stand in both files, which are the same."""
    run = nights.begin(AS_OF, lambda row, n: {**row, "value": Decimal(1)})
    check_drift(run)
    text = run.path("metrics.prom").read_text()
    assert (nights.directory / "var" / "demo" / "metrics" / "metrics.prom").read_text() == text
    found = [line for line in text.splitlines() if 'table="user_taste"}' in line]
    assert found == [
        'nightshelf_feature_rows{namespace="demo",table="user_taste"} 2000',
        'nightshelf_feature_age_seconds{namespace="demo",table="user_taste"} 10800',
        'nightshelf_feature_max_age_seconds{namespace="demo",table="user_taste"} 93600',
    ]


def test_a_night_of_the_past_leaves_the_newest_figures(nights):
    """Freshness would look like days ago until the next night; its own file has its figures."""
    newest = nights.finish(AS_OF)
    past = nights.finish(days_ago(5))
    shared = nights.directory / "var" / "demo" / "metrics" / "metrics.prom"
    assert shared.read_bytes() == newest.path("metrics.prom").read_bytes()
    assert past.path("metrics.prom").read_bytes() != shared.read_bytes()
