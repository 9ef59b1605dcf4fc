"""The demo's features: how many there are, and that every kind is among them."""

import pytest

from pipelines.features.folder import load_folder
from tests.night_fixtures import REPOSITORY

FILES = {
    name: file
    for name, file in load_folder(REPOSITORY / "feature_sql").items()
    if not file.is_label
}


def test_there_are_sixty_features_and_more():
    """Columns that are not grain, each with a sentence of its own in its file."""
    columns = [
        (name, column, text)
        for name, file in FILES.items()
        for column, text in file.header.columns.items()
        if column not in file.header.grain
    ]
    assert len(columns) >= 60
    texts = [(name, text) for name, _, text in columns]
    assert [text for text in texts if texts.count(text) > 1] == []


@pytest.mark.parametrize(
    "table", ["item_embeddings", "user_embeddings", "item_graph", "user_graph"]
)
def test_files_read_the_computed_tables(table):
    """Each computed table has a reader in the demo, so that a night makes it."""
    assert any(table in file.dependencies for file in FILES.values())


def test_no_feature_is_the_number_of_a_community():
    """That number is another one at the next cutoff: files count nodes or compare them."""
    for file in FILES.values():
        finals = {select.alias_or_name for select in file.query.selects}
        numbers = {s.alias_or_name for s in file.query.selects if s.unalias().name == "community"}
        assert (finals == set(file.header.columns), numbers) == (True, set()), file.path
