"""Requests made up from the description, against the real server, with every check there is."""

import re

import pytest

from pipelines.publish import PublishSettings, publish_lists
from serving.access.keys import add_key
from tests.feature_fixtures import add_features
from tests.serving.fuzz import fuzz
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists


@pytest.fixture(params=["off", "on"])
def site(request, client, patient, tmp_path):
    """The port of a gunicorn over a version with everything, and headers of an admin's key."""
    lists = add_features(make_lists(tmp_path / "lists", similar=5, explained=3))
    publish_lists(lists, client, "demo", PublishSettings())
    more, headers = "", ()
    if request.param == "on":
        keys = tmp_path / "var" / "demo" / "keys.json"
        keys.parent.mkdir(parents=True, exist_ok=True)
        key = add_key(keys, "fuzz", "admin").text
        more, headers = "[access]\nenabled = true\n", (f"Authorization: Bearer {key}",)
    gunicorn = Gunicorn(tmp_path, patient, more=more)
    gunicorn.wait_for("/health/ready", lambda body: body["status"] != "not ready")
    yield gunicorn.port, headers
    gunicorn.stop()


def test_made_up_requests_find_nothing(site):
    """Valid ones are answered, others refused, all of it as described, in all phases.

    With access control off, and with it on and an admin's key: a request without one is 401.
    """
    port, headers = site
    code, report = fuzz(port, examples=3, headers=headers)
    assert code == 0, report
    assert re.search(r"Selected: (\d+)/\1\n  Tested: \1\n", report)
