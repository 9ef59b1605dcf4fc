"""Requests made up from the description, against the real server, with every check there is."""

import re

import pytest

from pipelines.publish import PublishSettings, publish_lists
from tests.feature_fixtures import add_features
from tests.serving.fuzz import fuzz
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists


@pytest.fixture
def gunicorn(client, patient, tmp_path):
    """Gunicorn over a version with features, neighbours and explanations."""
    lists = add_features(make_lists(tmp_path / "lists", similar=5, explained=3))
    publish_lists(lists, client, "demo", PublishSettings())
    gunicorn = Gunicorn(tmp_path, patient)
    yield gunicorn
    gunicorn.stop()


def test_made_up_requests_find_nothing(gunicorn):
    """Valid ones are answered, others refused, all of it as described, in all phases."""
    gunicorn.wait_for("/health/ready", lambda body: body["status"] != "not ready")
    code, report = fuzz(gunicorn.port, examples=3)
    assert code == 0, report
    assert re.search(r"Selected: (\d+)/\1\n  Tested: \1\n", report)
