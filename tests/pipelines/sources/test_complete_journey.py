"""The demo's households, all or some of them."""

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sources.complete_journey import CompleteJourney


def test_some_households_bring_only_what_is_theirs(tmp_path):
    """The ten of ten are among the twelve of twelve; products are what was bought."""
    found = {}
    for n in (10, 12):
        delivery = CompleteJourney(n).deliver(tmp_path / str(n))
        tables = {name: pq.read_table(files[0]) for name, files in delivery.tables.items()}
        sold = tables["transactions"]
        found[n] = set(sold["household_id"].to_pylist())
        assert len(found[n]) == n
        for name in ("demographics", "campaigns", "coupon_redemptions"):
            assert set(map(int, tables[name]["household_id"].to_pylist())) <= found[n]
        bought = pc.unique(sold["product_id"])
        products = set(tables["products"]["product_id"].to_pylist())  # a few sold ones lack there
        assert products <= set(bought.to_pylist())
        assert len(products) > 0.99 * len(bought)
    assert found[10] < found[12]
