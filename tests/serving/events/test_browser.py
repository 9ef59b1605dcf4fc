"""The snippet in a real browser, in a page of another origin than the service's."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.publish import PublishSettings, publish_lists
from serving.access.keys import add_key
from serving.events.snippet import SOURCE, minify
from store.events import FIELD, unpack_event
from store.keys import NamespaceKeys
from tests.browser import open_browser
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists
from tests.store_servers import wait_until

STREAM = NamespaceKeys("demo").events


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *words):
        """Nothing."""


@pytest.fixture
def shop(tmp_path):
    """The folder of a shop's pages, and their origin."""
    folder = tmp_path / "shop"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def page(service, answer, key):
    """A list of three items, the last far below what the window shows."""
    items = "".join(
        f"<li data-item={json.dumps(item['item_id'])} data-position={item['rank']} "
        f"style='height:40px;margin-bottom:{3000 if item['rank'] == 2 else 0}px'>"
        f"<b id=item{item['rank']}>{item['item_id']}</b></li>"
        for item in answer["items"]
    )
    return (
        f"<!doctype html><link rel=icon href=data:,><ol id=list></ol><script>setTimeout(() => {{"
        f"list.dataset.list = {json.dumps(answer['recommendation_id'])};"
        f"list.innerHTML = {json.dumps(items)} }}, 50)</script>"
        f"<script src='{service}/v1/events.js' data-user=u1 {key} async></script>"
    )


@pytest.mark.parametrize("with_keys", [False, True])
def test_a_page_elsewhere_sends_what_is_seen_and_clicked(
    client, patient, tmp_path, shop, with_keys
):
    """By beacon, or with a key: one impression of what was in the window, and a click."""
    publish_lists(make_lists(tmp_path / "lists"), client, "demo", PublishSettings())
    folder, origin = shop
    more, key = f'[cors]\norigins = ["{origin}"]\n', ""
    headers = {}
    if with_keys:
        (tmp_path / "var" / "demo").mkdir(parents=True)
        keys = tmp_path / "var" / "demo" / "keys.json"
        key = f"data-key={add_key(keys, 'page', 'events').text}"
        headers["Authorization"] = f"Bearer {add_key(keys, 'shop', 'read').text}"
        more += "[access]\nenabled = true\n"
    gunicorn = Gunicorn(tmp_path, patient, more=more)
    try:
        gunicorn.wait_for("/health/ready", lambda body: body["status"] == "ready")
        answer = gunicorn.ask("/recs/u1?n=3", headers=headers)[1]
        service = f"http://127.0.0.1:{gunicorn.port}"
        (folder / "index.html").write_text(page(service, answer, key), encoding="utf-8")
        with open_browser(tmp_path) as browser:
            browser.resize(800, 600)
            browser.open(f"{origin}/index.html")
            wait_until(lambda: client.xlen(STREAM) >= 1, "the impression arrived")
            browser.click("#item2")
            wait_until(lambda: client.xlen(STREAM) >= 2, "the click arrived")
            assert browser.complaints == []
    finally:
        gunicorn.stop()
    shown, clicked = (unpack_event(fields[FIELD]) for _, fields in client.xrange(STREAM, "-", "+"))
    assert [item.position for item in shown.items] == [1, 2]
    assert [item.item_id for item in shown.items] == [i["item_id"] for i in answer["items"][:2]]
    second = answer["items"][1]
    assert (shown.user_id, clicked.user_id, clicked.item_id) == ("u1", "u1", second["item_id"])
    assert (clicked.event_type, clicked.position, clicked.tier) == ("click", 2, "personal")
    assert shown.page_view_id == clicked.page_view_id
    assert shown.recommendation_id == clicked.recommendation_id


def test_the_snippet_is_small(events_site):
    """At most a kilobyte before compression, without comments, kept by browsers."""
    response = events_site.http.get("/v1/events.js")
    assert len(response.data) <= 1000
    assert response.data.decode() == minify(SOURCE.read_text(encoding="utf-8"))
    assert (b"//" in response.data, response.mimetype) == (False, "text/javascript")
    tag = response.headers["ETag"]
    assert events_site.http.get("/events.js", headers={"If-None-Match": tag}).status_code == 304
