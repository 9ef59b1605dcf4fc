"""Addresses, headers and halves of requests that nobody sends by mistake."""

import contextlib
import json
import time
from urllib.parse import quote, quote_from_bytes

import pytest

from tests.serving.raw import connect, get, post, problem, receive, send

JSON = b"Content-Type: application/json"

IDS = ["a/b", "a//b", "/", "//", "..", "../../etc/passwd", ".", " ", "a b", "😀", "a\tb", "a\nb",
       "a%2Fb", "%", "%00", "?", "#", "a;b", "\\", "'\"<script>", "profile", "\u202e", "\ufffe",
       "ns:demo:active", "*", "é", "e\u0301", "x" * 128, "😀" * 128]  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_an_id_may_be_anything(port, name):
    """It comes back as it was sent, and each spelling is another user."""
    for path in ("/recs/{}", "/v1/recs/{}", "/users/{}/profile"):
        address = path.format(quote(name, safe="")).encode()
        status, _, body = send(port, get(address))
        assert (status, json.loads(body)["user_id"]) == (200, name)


BAD_PATHS = [
    (b"/recs/%FF", 400),
    (b"/recs/a%C0%AFb", 400),
    (b"/recs/%ED%A0%80", 400),  # half a surrogate pair
    (b"/recs/\xff", 400),
    (b"/recs/u1?exclude=%FF", 400),
    (b"/recs/u1?exclude=\xff", 400),
    (b"/recs/a%00b", 422),
    (b"/recs/" + b"x" * 129, 422),
    (b"/recs/", 404),
    (b"/recs", 405),
    (b"/%2e%2e/recs/u1", 404),
    (b"/recs/u1?" + b"&".join([b"a=1"] * 501), 422),
    (b"/recs/u1?a=" + b"x" * 8000, 414),
    (b"/recs/" + b"x" * 9000, 414),
    (b"/recs/u1?n=%D9%A1", 422),  # a digit that is not ASCII
    (b"/recs/u1?n=1e1", 422),
    (b"/recs/u1?min_score=nan", 422),
    (b"/versions/..%2Factive", 404),
    (b"/versions/*", 404),
]


@pytest.mark.parametrize(("path", "status"), BAD_PATHS)
def test_a_bad_path_or_query_is_a_problem(port, path, status):
    """By rule: 400 for what is no UTF-8, 414 for too long, 422 for a value, 404 for no route."""
    assert problem(send(port, get(path)))["status"] == status


@pytest.mark.parametrize("escape", [b"%", b"%2", b"%zz", b"%%%"])
def test_a_bad_escape_stands_for_itself(port, escape):
    """What is no escape is text, as everywhere on the web."""
    status, _, body = send(port, get(b"/recs/a" + escape))
    assert (status, json.loads(body)["user_id"]) == (200, f"a{escape.decode()}")


HEADERS = [
    b"Range: bytes=0-0",
    b"Range: bytes=" + b",".join(b"0-%d" % n for n in range(800)),
    b"If-None-Match: *" + b'"' * 4000,
    b"If-None-Match: " + b",".join([b'"a"'] * 1500),
    b"If-Modified-Since: yesterday",
    b"Accept-Encoding: gzip;q=nan, br;q=99, ;;;",
    b"Accept-Encoding: " + b",".join([b"gzip"] * 1200),
    b"Accept: \x7f/*",
    b"X-Request-ID: " + b"x" * 5000,
    b"X-Request-ID: <script>",
    b"Origin: https://evil.example",
    b"Cookie: " + b"a=b; " * 1200,
    b"Host: evil.example",
    b"X-Forwarded-For: " + b"1.1.1.1," * 900,
    b"Content-Type: application/json; charset=utf-7",
    b"traceparent: 00-zz-zz-zz",
]


@pytest.mark.parametrize("header", HEADERS)
def test_an_absurd_header_is_harmless(port, header):
    """The answer is the usual one, or a refusal of the request; nothing of it is sent back."""
    status, headers, body = send(port, get(b"/recs/u1?n=40", header))
    assert status in (200, 304, 400, 431)
    assert "access-control-allow-origin" not in headers
    assert b"evil.example" not in body
    assert headers.get("x-request-id", "").find("<") == -1
    if status >= 400:
        problem((status, headers, body))


SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
NOT_HTTP = [
    post(b"/features", JSON, b"Content-Length: 5", b"Transfer-Encoding: chunked") + SMUGGLED,
    post(b"/features", JSON, b"Content-Length: 5", b"Content-Length: 6") + b"{}    ",
    post(b"/features", JSON, b"Content-Length: -1"),
    post(b"/features", JSON, b"Content-Length: 1e3"),
    post(b"/features", JSON, b"Content-Length: +2") + b"{}",
    post(b"/features", JSON, b"Transfer-Encoding: xchunked") + SMUGGLED,
    post(b"/features", JSON, b"Transfer-Encoding : chunked") + SMUGGLED,
    post(b"/features", JSON, b"Transfer-Encoding: chunked, identity") + SMUGGLED,
    b"GET /recs/u1 HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /recs/u1 HTTP/1.1\r\nNo colon\r\n\r\n",
    b"GET /recs/u1 HTTP/1.1\r\nA: b\x00c\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS
    b"\r\n\r\n\r\n\r\n",
    b"GET /recs/u1 HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n",
    b"GET /recs/u1 HTTP/1.1\r\nA: " + b"x" * 9000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("data", NOT_HTTP)
def test_what_is_not_http_is_a_problem_and_ends_there(port, data):
    """One refusal, then the end: nothing behind it is read as a second request."""
    with connect(port) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        answer = receive(connection)
        rest = b""
        with contextlib.suppress(ConnectionResetError):
            rest = connection.recv(1000)
    assert 400 <= answer[0] < 600
    assert answer[0] != 500
    problem(answer)
    assert rest == b""


def test_a_head_without_end_is_not_read_for_ever(port):
    """A refusal, or an end before it could be read: there is more to come than anybody reads."""
    head = b"GET /recs/u1 HTTP/1.1\r\n" + b"x" * 1000
    answer = send(port, head, *[b"x" * 100_000] * 100)
    assert answer[0] in (0, 400, 431)
    assert send(port, get(b"/recs/u1"))[0] == 200


def test_half_requests_keep_nobody_waiting(port):
    """Connections that say nothing, or half a head: others are answered meanwhile."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(port)) for _ in range(50)]
        halves = [stack.enter_context(connect(port)) for _ in range(50)]
        for half in halves:
            half.sendall(b"GET /recs/u1 HTTP/1.1\r\nHost:")
        time.sleep(0.2)
        started = time.monotonic()
        for _ in range(20):
            assert send(port, get(b"/recs/u1"))[0] == 200
        assert time.monotonic() - started < 5
        for late in silent:
            late.sendall(get(b"/recs/u1"))
        for half in halves:
            half.sendall(b" x\r\n\r\n")
        assert {receive(late)[0] for late in [*silent, *halves]} == {200}


def test_a_head_may_come_in_pieces(port):
    """Byte by byte it is a request like any other."""
    with connect(port) as connection:
        for byte in get(b"/recs/u2"):
            connection.sendall(bytes([byte]))
        assert receive(connection)[0] == 200
        connection.sendall(get(b"/recs/u3") + get(b"/recs/u4"))  # and two at once
        assert receive(connection)[0] == 200


def test_a_body_that_does_not_come_is_given_up(port):
    """408 after `body_pause`; others are answered meanwhile."""
    head = post(b"/features", JSON, b"Content-Length: 100")
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(connect(port)) for _ in range(40)]
        for one in waiting:
            one.sendall(head + b"{")
        assert send(port, get(b"/recs/u1"))[0] == 200
        assert {problem(receive(one))["status"] for one in waiting} == {408}


def test_ids_that_are_no_utf8_are_never_two_users_at_once(port):
    """Any two bytes that are not UTF-8 are refused, not both read as one sign of replacement."""
    for byte in (b"\x80", b"\xbf", b"\xc0", b"\xf5", b"\xff"):
        path = f"/recs/u{quote_from_bytes(byte)}".encode()
        assert "not UTF-8" in problem(send(port, get(path)))["detail"]
