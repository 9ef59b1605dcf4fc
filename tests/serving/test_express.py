"""The short way: the same answers as Flask's, byte for byte, and Flask for what it is not for."""

import random

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from serving.access.keys import add_key
from serving.access.settings import keys_file
from serving.app import create_app
from serving.express import Express
from settings import Settings
from store.live import RecentEvent, hide_items, note_event

ROUNDS = 300
VARIES = {"Server-Timing", "X-Request-ID"}
ORIGIN = "https://shop.example"
MORE = {
    "as it comes": {},
    "with keys": {"access": {"enabled": True}},
    "for another origin": {"cors": {"origins": [ORIGIN]}},
    "with a rule": {
        "serving": {"rules": {"phones": {"when": {"device": ["phone"]}, "exclude_items": ["i7"]}}}
    },
}


@pytest.fixture(params=MORE)
def shop(request, publish, open_site, patient, client):
    """An application of those settings, and the headers that a caller of it sends."""
    publish(similar=5)
    note_event(client, "demo", "u3", RecentEvent(2e9, "purchase", "i21"))
    hide_items(client, "demo", ["i11"])
    site = open_site(patient)
    site.poller.poll()
    settings = Settings(site.settings.path, {"store": {"url": patient}} | MORE[request.param], {})
    headers = {}
    if request.param == "with keys":
        headers["Authorization"] = f"Bearer {add_key(keys_file(settings), 'shop', 'read').text}"
    app = create_app(settings, site.shelf)
    assert isinstance(app.wsgi_app, Express)
    return app.wsgi_app, headers


def ask(application, path, headers, method="GET"):
    """Status, headers without what varies, and body."""
    path, _, query = path.partition("?")
    builder = EnvironBuilder(path, query_string=query, headers=headers, method=method)
    body, status, found = run_wsgi_app(application, builder.get_environ())
    assert found["X-Request-ID"]
    return status, sorted(pair for pair in found.items() if pair[0] not in VARIES), b"".join(body)


def made_up(dice):
    """A path and headers, most of them plain."""
    user = dice.choice(["u1", "u2", "u3", "nobody", "u-1.~_", "u%2F1", "", "a b", ".."])
    choices = {
        "n": ["1", "5", "0", "101", "x", "07"],
        "offset": ["0", "3", "-1"],
        "surface": ["home", "discover", "cart"],
        "seen": ["keep", "drop", "no"],
        "device": ["phone", "tv"],
        "hour": ["7", "24"],
        "min_score": ["0.5", "2"],
        "category": ["c0"],
        "exclude": ["i7,i10"],
        "explain": ["1"],
        "fields": ["title"],
        "other": ["1"],
    }
    names = dice.choices(list(choices), [4, 3, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1], k=dice.randrange(4))
    query = "&".join(f"{name}={dice.choice(choices[name])}" for name in names)
    headers = {}
    if dice.random() < 0.3:
        headers["Accept-Encoding"] = dice.choice(["gzip", "gzip;q=0", "br", "deflate, gzip;q=0.5"])
    if dice.random() < 0.2:
        headers["X-Request-ID"] = dice.choice(["abc", "a b", "x" * 200])
    if dice.random() < 0.1:
        headers["Origin"] = ORIGIN
    if dice.random() < 0.1:
        headers["If-None-Match"] = dice.choice(["*", '"nothing"', "nonsense"])
    prefix = dice.choice(["", "/v1"])
    return f"{prefix}/recs/{user}" + (f"?{query}" if query else ""), headers


def test_answers_are_those_of_flask(shop):
    """Status, headers and body of made-up requests, refusals and 304 among them."""
    express, key = shop
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    statuses = set()
    for _ in range(ROUNDS):
        path, headers = made_up(dice)
        headers |= key if dice.random() < 0.9 else {"Authorization": "Bearer wrong"}
        method = dice.choice(["GET"] * 9 + ["HEAD", "POST"])
        answer = ask(express, path, headers, method)
        assert answer == ask(express.flask, path, headers, method), (path, headers, method)
        statuses.add(answer[0][:3])
        if tags := [value for name, value in answer[1] if name == "ETag"]:
            again = ask(express, path, headers | {"If-None-Match": tags[0]}, method)
            assert again == ask(express.flask, path, headers | {"If-None-Match": tags[0]}, method)
            statuses.add(again[0][:3])
    assert {"200", "304", "404", "405", "422"} <= statuses


def flaskless(express):
    """*express* where nothing goes on to Flask."""

    def flask(environ, start_response):
        raise AssertionError("this went on to Flask")

    express.flask = flask
    return express


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/recs/u1", {}),
        ("/v1/recs/nobody?n=5&surface=discover&offset=2", {}),
        ("/recs/u1?device=phone&hour=7&seen=drop", {"Accept-Encoding": "gzip"}),
        ("/recs/u1?min_score=0.5", {"If-None-Match": "*", "X-Request-ID": "abc"}),
    ],
)
def test_plain_requests_never_reach_flask(shop, path, headers):
    """What the short way is for takes it."""
    express, key = shop
    status, *_ = ask(flaskless(express), path, headers | key)
    assert status[:3] in ("200", "304")


@pytest.mark.parametrize(
    "more",
    [
        {"access": {"limits": {"per_user": "100/s"}}},
        {"logs": {"requests": "all"}},
        {"traces": {"enabled": True}},
    ],
)
def test_where_every_request_counts_there_is_no_short_way(publish, open_site, more):
    """Limits count each request once, and a log or trace of each needs the request as such."""
    site = open_site()
    settings = Settings(site.settings.path, more, {})
    assert not isinstance(create_app(settings, site.shelf).wsgi_app, Express)


def test_the_short_way_is_counted(site):
    """Requests, answers and their length are those of any route."""
    watched = site.http.application.extensions["sight"]
    for path in ("/recs/u1?n=4", "/recs/nobody", "/v1/recs/u1"):
        site.http.get(path)
    watched.flush()
    requests = {
        sample.labels["route"]: sample.value
        for metric in watched.metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "nightshelf_requests_total"
    }
    assert requests == {"/recs/<user_id>": 2, "/v1/recs/<user_id>": 1}


def test_a_guard_that_fails_is_asked_again_by_flask(site, monkeypatch):
    """Flask says what is wrong, and the server logs no request that it could not answer."""

    def fail(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("serving.access.guard.Guard.lets_pass", fail)
    assert site.recs("u1")["served_by"] == "personal"
