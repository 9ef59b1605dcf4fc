"""The cookbook's recipe for a shop's own files: settings and staging SQL, no Python."""

import re
import shutil
import tomllib
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.night import begin_night, do_night
from pipelines.sources.ingest import ingest
from settings import load_settings
from tests.docs.invoices import cancelled, nameless, postage, sales, write_csv, write_parquet
from tests.night_fixtures import NO_STORE

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "docs" / "cookbook" / "files-source"
SEED = 11
SMALL = {
    "NIGHTSHELF__NIGHT__HORIZON": "7d",
    "NIGHTSHELF__NIGHT__MIN_HISTORY": "14d",
    "NIGHTSHELF__NIGHT__THREADS": "1",
    "NIGHTSHELF__CANDIDATES__ALS__FACTORS": "8",
    "NIGHTSHELF__CANDIDATES__ALS__REGULARIZATION": "1.0",
    "NIGHTSHELF__RANKING__TREES": "20",
    "NIGHTSHELF__RANKING__LEAVES": "7",
    "NIGHTSHELF__RANKING__MIN_ROWS_PER_LEAF": "5",
    "NIGHTSHELF__EVALUATION__BOOTSTRAP_ROUNDS": "100",
    "NIGHTSHELF__LISTS__MIN_SEGMENT_USERS": "2",
    "NIGHTSHELF__STORE__URL": NO_STORE,
}


@pytest.fixture
def copy_recipe(tmp_path):
    """Does what the page says: a copy of the recipe beside the repository's feature_sql."""

    def copy(name, write, suffix):
        good = sales(seed=SEED)
        bad = [cancelled(good[3]), cancelled(good[5]), nameless(good[7]), postage(good[9])]
        shutil.copytree(RECIPE, tmp_path / name)
        if not (tmp_path / "feature_sql").exists():
            (tmp_path / "feature_sql").symlink_to(ROOT / "feature_sql")
        write(tmp_path / name / "data" / f"till-1.{suffix}", [*good[:900], *bad])
        # The second export overlaps the first by forty lines.
        write(tmp_path / name / "data" / f"till-2.{suffix}", good[860:])
        return tmp_path / name / "nightshelf.toml", len(good)

    return copy


def csv_table():
    """`[source.tables.invoices]` for CSV, as the page shows it."""
    page = (ROOT / "docs" / "cookbook" / "files-source.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    return next(block for block in blocks if 'format = "csv"' in block)


def test_invoices_become_lists_without_any_python(copy_recipe, capsys):
    """The recipe's files and made invoices give a whole night, with the right rows left out."""
    print(f"seed {SEED}")
    file, n_sales = copy_recipe("retail", write_parquet, "parquet")
    run = do_night(begin_night(load_settings(file, SMALL)))
    assert run.manifest["lake"]["counts"] == {
        "delivered": n_sales + 40,
        "collected": 0,
        "quarantined": 0,
        "reasons": {},
        "duplicates": 40,
        "events": n_sales,
    }
    manifest = pq.read_table(run.path("lists", "users.parquet"))
    assert manifest.num_rows == 50
    for surface, shortest in (("home", 20), ("discover", 1)):
        listed = pq.read_table(run.path("lists", f"listed-{surface}.parquet"))
        lengths = Counter(listed["user"].to_pylist())
        assert len(lengths) == 50
        assert min(lengths.values()) >= shortest
    titles = pq.read_table(run.path("index", "items.parquet"))["title"].to_pylist()
    assert len(titles) == 36
    assert titles[:2] == ["Red Lunch Bag", "Pink Lunch Bag"]


def test_csv_fills_the_same_lake(copy_recipe):
    """The same invoices as CSV, read with the page's options, give the same lake."""
    parquet_file, _ = copy_recipe("parquet", write_parquet, "parquet")
    csv_file, _ = copy_recipe("csv", write_csv, "csv")
    text = csv_file.read_text(encoding="utf-8")
    asked = '[source.tables.invoices]\nglob = "data/*.parquet"\nformat = "parquet"\n'
    assert asked in text
    csv_file.write_text(text.replace(asked, csv_table()), encoding="utf-8")
    # Each its own var, or the second would be the first one's next delivery.
    lakes = [
        ingest(load_settings(file, {"NIGHTSHELF__PROJECT__VAR": str(file.parent / "var")}))
        for file in (parquet_file, csv_file)
    ]
    assert lakes[0].manifest["counts"] == lakes[1].manifest["counts"]
    assert lakes[0].snapshot_hash == lakes[1].snapshot_hash


def test_the_csv_table_is_toml():
    """The page's table for CSV is complete by itself."""
    table = tomllib.loads(csv_table())["source"]["tables"]["invoices"]
    assert table["format"] == "csv"
