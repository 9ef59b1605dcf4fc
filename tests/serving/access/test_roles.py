"""Who may call which class of routes with access control on."""

import json

import pytest
from flask import Flask

from serving.access.guard import guard
from serving.app import create_app, open_shelf
from serving.routes import UnclassedRouteError, class_of
from tests.serving.access.conftest import ACTIVATE
from tests.serving.problems import refusal


def test_without_a_key_only_health_answers(open_door, read_key):
    """401 says how to ask; what restarts and balances needs no key."""
    door = open_door(enabled=True)
    status, body = refusal(door.ask())
    assert (status, body["title"]) == (401, "Unauthorized")
    assert body["detail"] == "Send a key: Authorization: Bearer <key>."
    assert door.ask().headers["WWW-Authenticate"] == 'Bearer realm="nightshelf"'
    assert door.ask(path="/health/live").status_code == 200


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_each_role_opens_its_classes(open_door, read_key, admin_key, prefix):
    """Reading is for both; activating for admins alone, under /v1/ too."""
    door = open_door(enabled=True)
    answers = {
        (name, path): door.ask(key, prefix + path, method).status_code
        for name, key in (("read", read_key), ("admin", admin_key))
        for path, method in (("/recs/u1", "GET"), (ACTIVATE, "POST"))
    }
    assert answers == {
        ("read", "/recs/u1"): 200,
        ("read", ACTIVATE): 403,
        ("admin", "/recs/u1"): 200,
        ("admin", ACTIVATE): 200,
    }


def test_the_wrong_role_is_told_which_one_it_takes(open_door, read_key):
    """403 names the key's role and the right one."""
    status, body = refusal(open_door(enabled=True).ask(read_key, ACTIVATE, "POST"))
    assert (status, body["detail"]) == (
        403,
        "shop has the role read; this route is for: admin.",
    )


def test_an_unknown_path_and_a_preflight_need_no_key(open_door, read_key):
    """404 for everybody; OPTIONS, which a browser sends without the key, tells only methods."""
    door = open_door(enabled=True)
    assert refusal(door.ask(path="/nothing"))[0] == 404
    assert refusal(door.ask(method="DELETE"))[0] == 405
    asked = door.ask(path=ACTIVATE, method="OPTIONS")
    assert (asked.status_code, asked.get_data()) == (200, b"")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer {key}, Bearer {key}",  # two headers, as WSGI joins them
        "Bearer {key},Bearer nonsense",
        "Basic {key}",
        "{key}",
        "Bearer",
        "Bearer {key} {key}",
        "Bearer {key}\x00",
        "Bearer " + "a" * 5000,
        "Bearer " + "é" * 40,
    ],
)
def test_any_other_header_is_refused(open_door, read_key, header):
    """Exactly one key or token of a bounded length, or 401 with `invalid_token`."""
    given = header.format(key=read_key)
    environ = {"HTTP_AUTHORIZATION": given}
    answer = open_door(enabled=True).http.get("/recs/u1", environ_overrides=environ)
    assert refusal(answer)[0] == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_scheme_is_spelt_as_one_likes(open_door, read_key):
    """`bearer` is `Bearer`."""
    answer = open_door(enabled=True).ask(Authorization=f"bearer  {read_key}")
    assert answer.status_code == 200


def test_an_endpoint_without_a_class_keeps_the_app_from_starting(settings_of):
    """The error names it and where to write its class."""
    app = Flask("other", static_folder=None)
    app.add_url_rule("/secret", "secret.show", lambda: "")
    with pytest.raises(UnclassedRouteError, match=r"secret\.show; say in serving/routes\.py"):
        guard(app, settings_of())


def test_every_route_of_the_real_app_has_its_class(settings_of):
    """Health is open, the rest of what is read needs a key."""
    settings = settings_of()
    app = create_app(settings, open_shelf(settings))
    classes = {rule.rule: class_of(rule.endpoint) for rule in app.url_map.iter_rules()}
    assert {rule for rule, found in classes.items() if found == "open"} >= {
        "/health/live",
        "/health/ready",
    }
    assert classes["/recs/<anything:user_id>"] == "read"
    assert None not in classes.values()


def test_the_real_app_asks_for_a_key(settings_of, read_key):
    """One line switches it on: 401 without, 200 with, and a request id either way."""
    settings = settings_of(enabled=True)
    http = create_app(settings, open_shelf(settings)).test_client()
    refused = http.get("/recs/u1")
    answered = http.get("/recs/u1", headers={"Authorization": f"Bearer {read_key}"})
    assert (refused.status_code, answered.status_code) == (401, 200)
    assert all(answer.headers["X-Request-ID"] for answer in (refused, answered))
    assert json.loads(answered.get_data())["served_by"] == "static"
