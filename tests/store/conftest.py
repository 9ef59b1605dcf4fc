"""Made lists, published over whatever connection a test has."""

import pytest

from pipelines.publish import PublishSettings, publish_lists
from serving.lists.static_lists import PACKAGED, read_static
from serving.shelf.shelf import Shelf
from store.connection import connect_publisher, connect_reader
from store.live import RecentEvent, hide_items, note_event
from tests.shelf_fixtures import make_lists, user_list


@pytest.fixture
def publish_to(tmp_path):
    """Publishes made lists of a day; the version's id."""

    def call(settings, day=1):
        with connect_publisher(settings) as client:
            lists = make_lists(tmp_path / f"lists-{day}", day=day, similar=3)
            publication = publish_lists(lists, client, "demo", PublishSettings())
            assert publication.activated
            hide_items(client, "demo", ["i1"])
            note_event(client, "demo", "u1", RecentEvent(1.5e9, "view", "i2"))
        return publication.version

    return call


@pytest.fixture
def open_shelf():
    """Opens shelves as a web process does, closed afterwards."""
    opened = []

    def call(settings):
        static = read_static(PACKAGED)
        opened.append(Shelf(connect_reader(settings), "demo", static, cached_blocks=100))
        return opened[-1]

    yield call
    for shelf in opened:
        shelf.close()


@pytest.fixture
def read_all():
    """Everything that requests read of a shelf, in the trips that they make."""

    def call(shelf):
        snapshot = shelf.snapshot
        found = shelf.fetch(snapshot, "home", "u1")
        shown = list(shelf.personal(snapshot, found, 40))
        near = shelf.fetch_similar(snapshot, [f"i{k}" for k in range(8)])
        expected = [f"i{number}" for number in user_list(1, n_items=40, length=20, shift=0)]
        assert [item.row.item_id for item in shown] == expected
        assert len(near) == 8
        assert {event.item_id for event in found.recent} == {"i2"}
        assert shelf.hidden == {"i1"}
        return snapshot.pointer.version

    return call
