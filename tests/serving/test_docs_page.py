"""The page at /docs in a real browser, without any other host."""

import pytest

from pipelines.publish import PublishSettings, publish_lists
from tests.browser import open_browser
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists


@pytest.fixture
def site(client, patient, tmp_path):
    """The address of a gunicorn over one version."""
    publish_lists(make_lists(tmp_path / "lists", similar=5), client, "demo", PublishSettings())
    gunicorn = Gunicorn(tmp_path, patient)
    gunicorn.wait_for("/recs/u1", lambda body: body["served_by"] == "personal")
    yield f"http://127.0.0.1:{gunicorn.port}"
    gunicorn.stop()


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_page_describes_and_tries_routes(site, tmp_path, prefix):
    """Every operation has its place; a request is sent by keyboard and its answer shown."""
    with open_browser(tmp_path) as browser:
        browser.resize(1280, 900)
        browser.open(f"{site}{prefix}/docs")
        n_operations = browser.run(
            "fetch('openapi.json').then(r => r.json()).then(d => Object.values(d.paths)"
            ".flatMap(Object.keys).filter(k => k !== 'parameters').length)"
        )
        assert browser.run("document.querySelectorAll('article').length") == n_operations
        browser.run("document.querySelector('#getRecs details').open = true")
        browser.run("document.querySelector('#getRecs-user').select()")
        browser.type("u2")
        browser.press("Enter")
        shown = browser.run(
            "new Promise(done => { const look = () => { const all = document.querySelectorAll("
            "'#getRecs output pre'); all.length > 2 ? done([...all].map(e => e.textContent)) :"
            " setTimeout(look, 20); }; look(); })"
        )
        assert shown[0] == f"GET {site}{prefix}/recs/u2"
        assert shown[1].startswith("200")
        assert '"user_id": "u2"' in shown[2]
        browser.run("document.querySelector('#key').focus()")
        browser.press("Enter")  # of a form that has nothing to send
        browser.resize(360, 740)
        assert browser.run("document.documentElement.scrollWidth") <= 360
        assert browser.complaints == []
