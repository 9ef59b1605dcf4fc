"""Cases of SQL that is gone are said to be; those of every other file are not."""

import shutil

from pipelines.authoring.orphans import orphaned_cases
from tests.night_fixtures import REPOSITORY, open_shop


def test_every_case_of_the_project_has_its_sql():
    """Those of a source whose SQL is in the docs are left alone."""
    assert list(orphaned_cases(open_shop(REPOSITORY))) == []


def test_cases_without_sql_are_named(tmp_path):
    """A removed file, a renamed one and one of staging; a broken file is still there."""
    shutil.copy(REPOSITORY / "nightshelf.toml", tmp_path)
    shutil.copytree(REPOSITORY / "feature_sql", tmp_path / "sql")
    shutil.copytree(REPOSITORY / "tests" / "feature_sql", tmp_path / "cases")
    (tmp_path / "sql" / "user" / "user_churn.sql").write_text("no header", encoding="utf-8")
    (tmp_path / "cases" / "user_churn.yaml").write_text("cases: []", encoding="utf-8")
    (tmp_path / "sql" / "item" / "item_rhythm.sql").rename(tmp_path / "sql/item/item_rhythms.sql")
    (tmp_path / "sql" / "user" / "user_taste_28d.sql").unlink()
    (tmp_path / "cases" / "staging_complete_journey_coupons.yaml").write_text(
        "cases: []", encoding="utf-8"
    )
    where = {
        "NIGHTSHELF__FEATURES__DIRECTORY": str(tmp_path / "sql"),
        "NIGHTSHELF__FEATURES__CASES": str(tmp_path / "cases"),
    }
    found = list(orphaned_cases(open_shop(tmp_path, where)))
    assert [problem.path.name for problem in found] == [
        "item_rhythm.yaml",
        "staging_complete_journey_coupons.yaml",
        "user_taste_28d.yaml",
    ]
    assert found[0].message == (
        f"has cases of item_rhythm, of which there is no SQL in {tmp_path / 'sql'} (is it "
        "item_rhythms now?); remove the file, or name it as its SQL"
    )


def test_without_a_folder_of_cases_there_is_nothing(tmp_path):
    """A shop may have none."""
    shutil.copy(REPOSITORY / "nightshelf.toml", tmp_path)
    assert list(orphaned_cases(open_shop(tmp_path))) == []
