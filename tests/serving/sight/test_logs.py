"""One JSON object a line, and nobody's id in it."""

import json
import logging
import socket
import sys
import time

import pytest
from flask import Flask

from serving.sight.logs import JsonFormatter


def lines(server):
    """Every line of the server's log, parsed."""
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def wait_for(server, accept, seconds=10):
    """The first line that *accept* takes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for line in lines(server):
            if accept(line):
                return line
        time.sleep(0.1)
    raise AssertionError(server.log.read_text())


def test_every_line_is_json_and_names_no_user(gunicorn):
    """Requests logged by route with id, status, time, version and tier; gunicorn's lines too."""
    server = gunicorn('[logs]\nrequests = "all"\n')
    server.ask("/recs/secret-person?exclude=secret-thing&n=3")
    line = wait_for(server, lambda line: line["logger"] == "nightshelf.requests")
    line = wait_for(server, lambda line: line.get("tier") == "trending")
    expected = {
        "message": "answered",
        "level": "info",
        "route": "/recs/<user_id>",
        "method": "GET",
        "status": 200,
        "version": "20180101T000000-000000000000-00000000",
    }
    assert {name: line[name] for name in expected} == expected
    assert (len(line["request_id"]), 0 < line["ms"] < 60_000) == (32, True)
    assert line["time"].endswith("+00:00")
    assert {line["logger"] for line in lines(server)} >= {"gunicorn.error", "nightshelf.requests"}
    assert "secret" not in server.log.read_text()


def test_by_default_only_trouble_is_logged(site, caplog):
    """A good answer leaves no line, unless it was slow; one of 503 does."""
    site.recs("u1")
    site.shelf.breaker.open()
    assert site.http.get("/features/user/u1").status_code == 503
    logged = [record.fields for record in caplog.records if record.name == "nightshelf.requests"]
    assert [line["status"] for line in logged if line["ms"] < 150] == [503]
    assert logged[-1]["route"] == "/features/<kind>/<entity_id>"


def test_what_is_no_request_is_logged_without_its_words(gunicorn):
    """gunicorn's own line of a request that it cannot read says neither path nor address."""
    server = gunicorn()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /recs/secret-person nonsense HTTP/9\r\n\r\n")
        connection.recv(1000)
    line = wait_for(server, lambda line: line["message"].startswith("refused"))
    assert (line["message"], line["level"]) == ("refused: InvalidHTTPVersion", "info")
    assert "secret" not in server.log.read_text()


@pytest.fixture
def bare():
    """An application without routes, for its request context."""
    return Flask("bare")


def written(error):
    """The line of an error that was caught."""
    record = logging.LogRecord("nightshelf.serving", logging.ERROR, "", 0, "it failed", (), error)
    return json.loads(JsonFormatter().format(record))


def test_an_exception_says_nothing_within_a_request(bare):
    """Type and places stay; its words may quote an id. Outside of a request they are kept."""
    try:
        raise KeyError("secret-person")
    except KeyError:
        error = sys.exc_info()
    with bare.test_request_context("/"):
        line = written(error)
    assert (line["error"]["type"], "message" in line["error"]) == ("builtins.KeyError", False)
    assert line["error"]["frames"][-1].endswith("test_an_exception_says_nothing_within_a_request")
    assert "secret" not in json.dumps(line)
    assert written(error)["error"]["message"] == "'secret-person'"


def test_a_bug_is_logged_once_with_the_id_of_its_request(site, caplog, monkeypatch):
    """A 500 has two lines, the trace and the request's, both by request id."""

    @site.http.application.before_request
    def break_it():
        raise ZeroDivisionError

    monkeypatch.setattr(caplog.handler, "formatter", JsonFormatter())
    caplog.clear()
    answer = site.http.get("/recs/u1?explain=1", headers={"X-Request-ID": "req-7"})
    assert answer.status_code == 500
    said = [json.loads(line) for line in caplog.text.splitlines()]
    assert [(line["message"], line["request_id"]) for line in said] == [
        ("a request failed", "req-7"),
        ("answered", "req-7"),
    ]
    assert (said[1]["status"], said[1]["level"]) == (500, "error")
