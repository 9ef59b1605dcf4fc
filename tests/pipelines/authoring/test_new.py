"""`features new` writes what passes, or nothing."""

import shutil
import subprocess
import sys

import pytest

from pipelines.__main__ import main
from pipelines.authoring.check import check_files
from pipelines.authoring.new import new_feature
from pipelines.authoring.trial import failures_of
from pipelines.features.folder import load_folder
from pipelines.features.problems import SqlFileError
from settings import load_settings
from tests.night_fixtures import REPOSITORY
from tests.pipelines.features.sql_text import write_folder


@pytest.fixture
def project(tmp_path):
    """A project with one file of its own."""
    file = tmp_path / "nightshelf.toml"
    file.write_text('[features]\ndirectory = "sql"\ncases = "cases"\n', encoding="utf-8")
    write_folder(tmp_path / "sql", {"user/visits": "select user_id, 1 as n_events from users"})
    return load_settings(file, {})


@pytest.mark.parametrize(
    ("name", "column", "window"),
    [
        ("user/user_weekend_share_90d", "user_weekend_share_90d", "interval 90 day"),
        ("user/user_visits_6h", "n_user_visits_6h", "interval 6 hour"),
        ("user/n_baskets_1d", "n_baskets_1d", "interval 1 day"),
        ("item/item_fans", "n_item_fans", "where event_type = 'purchase'\n        and event_at <"),
        ("user_item/pair_rate_2w", "pair_rate_2w", "interval 14 day"),
        ("user/user_evening_share_90d", "user_evening_share_90d", "interval 90 day"),
        ("item/n_item_purchases_7d", "n_item_purchases_7d", "interval 7 day"),
        ("label/bought_later", "relevance", "event_at >= $as_of and event_at < $until"),
    ],
)
def test_what_is_written_passes(project, name, column, window):
    """The file and its case are sound as they are; grain and window follow from the name."""
    sql, case = new_feature(project, name)
    files = load_folder(sql.parent.parent)
    file = files[sql.stem]
    assert (sql.relative_to(project.path.parent), case.relative_to(project.path.parent)) == (
        sql.relative_to(project.path.parent).with_name(f"{name.split('/')[1]}.sql"),
        case.relative_to(project.path.parent).with_name(f"{name.split('/')[1]}.yaml"),
    )
    assert list(file.header.columns)[-1] == column
    assert window in file.sql
    assert file.header.owner == "tests"
    assert [problem for problem in check_files(project) if not problem.is_note] == []
    assert list(failures_of(file, files, project)) == []


@pytest.mark.parametrize(
    ("name", "is_example"),
    [
        ("user/user_weekend_share_90d", False),
        ("item/item_purchases_7d", False),
        ("user/user_evening_share_90d", True),
        ("user/user_visits_6h", True),
        ("label/bought_later", True),
    ],
)
def test_an_example_says_that_it_is_one(project, name, is_example):
    """A name that asks for something else gets what there is, and check goes on noting it."""
    sql, _ = new_feature(project, name)
    notes = [
        f"{problem.path}:{problem.line}: {problem.message}" for problem in check_files(project)
    ]
    message = "the description is still that of the example; say what this table holds"
    assert notes == ([f"{sql}:2: {message}"] if is_example else [])


LONGEST = f"share_of_{'x' * 50}_90d"  # 63 characters, all that a name may have


def test_what_is_written_is_laid_out_as_the_project_wants_it(project):
    """For every grain, the longest name too; the linter has nothing to say of its settings."""
    names = (
        f"user_item/{LONGEST}",
        f"item/{LONGEST[9:]}",
        "user/user_weekend_share_90d",
        "user/user_visits_6h",
        "label/bought_later",
    )
    written = [new_feature(project, name)[0] for name in names]
    command = [sys.executable, "-m", "sqlfluff", "lint", "--disable-progress-bar"]
    command += ["--config", str(REPOSITORY / ".sqlfluff"), *map(str, written)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "WARNING" not in done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("visits_30d", "expected a folder and a name, such as user/user_weekend_share_90d"),
        ("staging/visits_30d", "folders: user, item, user_item, label"),
        ("../user/x", "expected a folder and a name"),
        ("user/../item/x", "takes small letters, digits and single _"),
        ("user/Visits", "takes small letters, digits and single _"),
        ("user/2_visits", "begins with a letter"),
        ("user/" + "x" * 64, "at most 63 characters"),
        ("user/visits_90days", "a window is written like _24h, _30d or _4w"),
        ("user/visits_0d", "a window of 0d; expected one hour to ten years"),
        ("user/visits_99999999999999999999d", "expected one hour to ten years"),
        ("label/bought_28d", "leave _28d out of its name"),
        ("item/visits", r"visits\.sql is there already"),
        ("user/events", "events is a table of the lake"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused(project, name, reason):
    """The reason is said, and no file appears."""
    before = sorted(project.path.parent.rglob("*"))
    with pytest.raises(SqlFileError, match=reason):
        new_feature(project, name)
    assert sorted(project.path.parent.rglob("*")) == before


def test_a_case_file_that_is_there_is_not_overwritten(project):
    """Cases without their SQL file belong to somebody."""
    case = project.path.parent / "cases" / "user_visits_7d.yaml"
    case.parent.mkdir()
    case.write_text("cases: []\n", encoding="utf-8")
    with pytest.raises(SqlFileError, match=r"user_visits_7d\.yaml is there already"):
        new_feature(project, "user/user_visits_7d")
    assert case.read_text(encoding="utf-8") == "cases: []\n"


def test_nothing_is_left_when_the_cases_cannot_be_written(project):
    """A folder of cases that is a file: the SQL file goes as well."""
    (project.path.parent / "cases").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="cases"):
        new_feature(project, "user/user_visits_7d")
    assert not (project.path.parent / "sql" / "user" / "user_visits_7d.sql").exists()


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    """In the demo's own folder; the owner can be given."""
    shutil.copytree(REPOSITORY / "feature_sql", tmp_path / "feature_sql")
    settings = tmp_path / "nightshelf.toml"
    settings.write_text("", encoding="utf-8")
    name = "user/user_weekend_share_90d"
    assert main(["--settings", str(settings), "features", "new", name, "--owner", "growth"]) == 0
    sql = tmp_path / "feature_sql" / f"{name}.sql"
    assert capsys.readouterr().out.splitlines() == [
        str(sql),
        str(tmp_path / "tests" / "feature_sql" / "user_weekend_share_90d.yaml"),
        "edit both, then: python -m pipelines features check user_weekend_share_90d",
    ]
    assert "\nowner: growth\n" in sql.read_text(encoding="utf-8")
    options = ["features", "test", "user_weekend_share_90d"]
    assert main(["--settings", str(settings), *options]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no lake yet, so the leak test saw the cases alone",
        "1 file passes",
    ]
