"""Requests for features on any page are answered as the page says."""

import shlex

import pytest

from pipelines.publish import PublishSettings, publish_lists
from serving.app import create_app, open_shelf
from tests.docs.pages import shell_lines

SITE = "http://127.0.0.1:8000"
LINES = sorted({line for _, line in shell_lines() if f"{SITE}/features" in line})


@pytest.fixture
def http(finished_night, client):
    """A client of the application over the small night's version."""
    publish_lists(finished_night.path("lists"), client, "shop", PublishSettings())
    shelf = open_shelf(finished_night.settings)
    shelf.refresh()
    yield create_app(finished_night.settings, shelf).test_client()
    shelf.close()


@pytest.mark.parametrize("line", LINES)
def test_a_request_on_a_page_is_answered(http, line):
    """Kind and features exist; ids are the demo's, so that this night has not found them."""
    _, _, address, *more = shlex.split(line)
    path = address.removeprefix(SITE)
    if more:
        given = dict(zip(more[::2], more[1::2], strict=True))
        name, _, value = given["-H"].partition(": ")
        response = http.post(path, data=given["-d"], headers={name: value})
    else:
        response = http.get(path)
    assert response.status_code == 200
    body = response.get_json()
    assert set(body["status"].values()) == {"not_found"}
    assert list(body["status"]) == list(body["features"]) != []


def test_there_are_requests_for_both_routes():
    """One entity by its address, and several in a body."""
    assert {" -d " in line for line in LINES} == {True, False}
