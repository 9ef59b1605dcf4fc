"""The snippet in a real browser, in a page of another origin than the service's."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.publish import PublishSettings, publish_lists
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


def test_a_page_elsewhere_sends_what_is_seen_and_clicked(client, patient, tmp_path, shop):
    """By beacon, and with a key by fetch: one impression of what was in the window, and a click."""
    publish_lists(make_lists(tmp_path / "lists"), client, "demo", PublishSettings())
    folder, origin = shop
    gunicorn = Gunicorn(tmp_path, patient, more=f'[cors]\norigins = ["{origin}"]\n')
    try:
        gunicorn.wait_for("/health/ready", lambda body: body["status"] == "ready")
        answer = gunicorn.ask("/recs/u1?n=3")[1]
        service = f"http://127.0.0.1:{gunicorn.port}"
        with open_browser(tmp_path) as browser:
            browser.resize(800, 600)
            for key in ("", "data-key=ns_0"):
                client.delete(STREAM)
                (folder / "index.html").write_text(page(service, answer, key), encoding="utf-8")
                browser.open(f"{origin}/index.html?{key}")
                wait_until(lambda: client.xlen(STREAM) >= 1, "the impression arrived")
                browser.click("#item2")
                wait_until(lambda: client.xlen(STREAM) >= 2, "the click arrived")
                entries = client.xrange(STREAM, "-", "+")
                check(answer, *(unpack_event(fields[FIELD]) for _, fields in entries))
            assert browser.complaints == []
    finally:
        gunicorn.stop()


def check(answer, shown, clicked):
    """The two events are of that answer."""
    first, second, _ = answer["items"]
    items = [(item.position, item.item_id) for item in shown.items]
    assert items == [(1, first["item_id"]), (2, second["item_id"])]
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
