"""The Python client when answers are held already, late, broken or not there at all."""

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from nightshelf_client import (
    AnswerError,
    AwayError,
    BusyError,
    Client,
    ProblemError,
    ServiceError,
    UnreachableError,
    empty,
    held_or_empty,
)
from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from tests.clients.service import run_service
from tests.serving.running import any_port
from tests.shelf_fixtures import make_lists, version_id

SOURCE = Path(__file__).parents[2] / "clients" / "python"


@contextmanager
def answering(*answers):
    """The address of a server that gives each of *answers*, bytes, to one connection and ends it.

    None is no answer: the connection is closed.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer or b"")

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def http(status, body, *headers):
    """An answer as bytes that leaves the connection open, as far as it says."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_an_answer_that_is_held_is_not_sent_again(shelf, monkeypatch):
    """The second time the service says 304, and the answer is the one that is held."""
    statuses = []
    send = shelf._transport.send

    def counted(*arguments):
        response = send(*arguments)
        statuses.append((response.status, len(response.body)))
        return response

    monkeypatch.setattr(shelf._transport, "send", counted)
    first, second = shelf.recs("u1", n=3), shelf.recs("u1", n=3)
    other = shelf.recs("u1", n=4)
    assert second is first
    assert len(other.items) == 4
    assert [status for status, _ in statuses] == [200, 304, 200]
    assert statuses[1][1] == 0


def test_no_more_is_held_than_was_said(service):
    """What was asked for longest ago is let go of; 0 holds nothing."""
    with Client(service.url, key=service.key, timeout_s=10, hold=2) as shelf:
        first, second = shelf.recs("u1"), shelf.recs("u2")
        assert shelf.recs("u1") is first
        shelf.recs("u3")
        assert shelf.recs("u1") is first
        assert shelf.recs("u2") is not second
    with Client(service.url, key=service.key, timeout_s=10, hold=0) as shelf:
        assert shelf.recs("u1") is not shelf.recs("u1")


def test_a_new_version_is_seen_though_the_old_answer_is_held(tmp_path):
    """And a connection that the service closed in the meantime is replaced without a word."""
    with run_service(tmp_path, keys=False) as service, Client(service.url, timeout_s=10) as shelf:
        assert shelf.recs("u1").version == version_id(1)
        url = f"redis://127.0.0.1:{service.store.port}/0"
        with connect_publisher(StoreSettings(url=url)) as client:
            publish_lists(make_lists(tmp_path / "two", day=2), client, "demo", PublishSettings())
        service.gunicorn.wait_for("/recs/u1", lambda body: body["version"] == version_id(2))
        process, kept = shelf._transport._idle[-1]
        kept.sock.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + 30  # workers follow each for itself
        while shelf.recs("u1").version != version_id(2):
            assert time.monotonic() < deadline
        assert (process, kept) not in shelf._transport._idle
        # The whole service goes.
        last = shelf.recs("u1", n=2)
        shelf.close()
        service.gunicorn.stop()
        with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:\d+: "):
            shelf.recs("u1", n=2)
        shelf._fallback = held_or_empty
        assert shelf.recs("u1", n=2) is last
        assert [answer.items for answer in shelf.recs_many(["u1", "u9"], n=2)] == [last.items, ()]
        with pytest.raises(UnreachableError):
            shelf.profile("u1")


def test_a_fallback_is_told_what_was_asked_and_what_is_wrong():
    """And gives the answer, or raises."""
    seen = []

    def note(away):
        seen.append((away.user_id, away.surface, type(away.error), away.held))
        return empty(away)

    with Client(f"http://127.0.0.1:{any_port()}", fallback=note) as shelf:
        assert shelf.recs("u1", surface="discover").user_id == "u1"
        assert shelf.session_recs(["i1"]).items == ()
        assert shelf.similar("i1").stale
    assert seen == [
        ("u1", "discover", UnreachableError, None),
        (None, "", UnreachableError, None),
        (None, "", UnreachableError, None),
    ]


def test_who_does_not_answer_in_time_is_away():
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Client(url, timeout_s=0.1) as shelf,
            pytest.raises(UnreachableError, match="timed out"),
        ):
            shelf.recs("u1")


PAGE = b"<h1>Bad gateway</h1>"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (http("502 Bad Gateway", PAGE), ServiceError, "502 Bad Gateway"),
        (http("429 Too Many Requests", b"{}", "Retry-After: 3"), BusyError, "429"),
        (http("200 OK", PAGE, "Content-Type: text/html"), AnswerError, "found text/html"),
        (http("200 OK", b"[" * 100_000), AnswerError, "expected JSON"),
        (http("200 OK", b"[]"), AnswerError, "the answer: expected dict, found list"),
        (http("200 OK", b'{"user_id": 7}'), AnswerError, "user_id: expected str, found int"),
        (http("200 OK", b'{"user_id": "u"}'), AnswerError, "the answer has no surface"),
        (http("302 Found", b"", "Location: http://127.0.0.1:1/"), AnswerError, "status 302"),
        (http("200 OK", b"{}")[:-1], UnreachableError, "IncompleteRead"),
        (b"SSH-2.0\r\n", UnreachableError, "SSH-2.0"),
        (None, UnreachableError, "without response"),
    ],
)
def test_what_is_no_answer_of_the_service_is_away(answer, error, words):
    """A proxy's page, half an answer, another protocol: an error of its kind, and a fallback."""
    with answering(answer, answer) as url:
        with Client(url, timeout_s=10) as shelf, pytest.raises(error, match=words) as caught:
            shelf.recs("u1")
        assert isinstance(caught.value, AwayError)
        assert getattr(caught.value, "retry_after", None) in (None, 3.0)
        with Client(url, timeout_s=10, fallback=empty) as shelf:
            assert shelf.recs("u1").items == ()


def test_a_refusal_is_not_away():
    """A wrong request has no fallback: it is to be corrected."""
    with answering(http("422 Unprocessable Entity", b'{"detail": "no"}')) as url:
        with Client(url, timeout_s=10, fallback=empty) as shelf, pytest.raises(ProblemError) as at:
            shelf.recs("u1")
        assert not isinstance(at.value, AwayError)
        assert (at.value.title, at.value.detail) == ("Unprocessable Entity", "no")


@pytest.mark.parametrize(
    "url", ["ftp://host", "host:8000", "http://", "http://u:p@host", "http://h?a"]
)
def test_an_address_that_cannot_be_one_is_refused(url):
    """When the client is made, naming it."""
    with pytest.raises(ValueError, match="url = "):
        Client(url)


def test_it_needs_nothing_but_python():
    """Imported without site-packages, and typed for who installs it."""
    words = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); import nightshelf_client"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (SOURCE / "nightshelf_client" / "py.typed").is_file()
