"""What nobody sends by mistake: refused soon, without memory, and while others are answered."""

import contextlib
import gzip
import json
import time
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import psutil
import pytest

from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from tests.feature_fixtures import add_features
from tests.serving.raw import connect, get, post, problem, receive, send
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import NAMESPACE, make_lists

JSON = b"Content-Type: application/json"
LIMITS = '[limits]\nhead_within = "2s"\nbody_within = "2s"\n'


@pytest.fixture(scope="module")
def port(store_server, tmp_path_factory):
    """The port of a gunicorn over a version with features, kept for all of these requests."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    url = f"redis://127.0.0.1:{store_server.port}/0"
    with connect_publisher(StoreSettings(url=url)) as client:
        client.flushall()
        lists = add_features(make_lists(folder / "lists"))
        publish_lists(lists, client, NAMESPACE, PublishSettings())
    gunicorn = Gunicorn(folder, f"{url}?socket_timeout=5", more=LIMITS)
    gunicorn.wait_for("/features/user/u1", lambda body: "features" in body)
    yield gunicorn.port
    gunicorn.stop()


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
    (b"/recs", 404),
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


def as_json(value):
    """The bytes of *value*."""
    return json.dumps(value).encode()


ASK = {"kind": "user", "ids": ["u1"]}
BODIES = [
    (b"", 400),
    (b"[" * 100_000 + b"]" * 100_000, 400),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    (as_json({"ids": [[[[[]]]]] * 3}), 422),
    (b'{"kind": ' + b"[" * 40 + b"]" * 40 + b"}", 400),
    (b'{"kind": "user", "kind": "item", "ids": ["u1"]}', 400),
    (b'{"kind": "user", "ids": [NaN]}', 400),
    (b'{"kind": "user", "ids": [-Infinity]}', 400),
    (b'{"kind": "user", "ids": [1e999]}', 400),
    (b'{"kind": "user", "ids": [' + b"9" * 5000 + b"]}", 400),
    (b'{"kind": "user", "ids": ["\\ud800"]}', 422),
    (b'{"kind": "user", "ids": ["\\ud800\\u0041"]}', 422),
    (b'{"\\udfff": 1}', 422),
    (b'{"kind": "user", "ids": ["\xff"]}', 400),
    (as_json(ASK).decode().encode("utf-16"), 400),
    (b"\xef\xbb\xbf" + as_json(ASK), 400),
    (b"null", 400),
    (as_json({"kind": "user", "ids": ["u1"] * 1001}), 422),
    (as_json({"kind": "user", "ids": ["x" * 1025]}), 422),
    (as_json({**ASK, "__proto__": {}}), 422),
    (b"{" + b",".join(b'"%d":0' % n for n in range(200_000)) + b',"7":0}', 400),
]


@pytest.mark.parametrize(("body", "status"), BODIES)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_hostile_body_is_refused(port, body, status, is_chunked):
    """The same for a body of known length and for one of chunks."""
    if is_chunked:
        head = post(b"/features", JSON, b"Transfer-Encoding: chunked")
        pieces = [b"%x\r\n" % len(body) + body + b"\r\n"] if body else []
        answer = send(port, head, *pieces, b"0\r\n\r\n")
    else:
        answer = send(port, post(b"/features", JSON, b"Content-Length: %d" % len(body)), body)
    assert problem(answer)["status"] == status
    assert len(answer[2]) < 2000


OTHER_TYPES = [
    (b"Content-Type: text/plain", b""),
    (b"Content-Type: application/x-www-form-urlencoded", b""),
    (b"Content-Type: multipart/form-data; boundary=x", b""),
    (b"Content-Type: application/json; charset=utf-16", b""),
    (b"Accept: */*", b""),
    (JSON, b"Content-Encoding: gzip"),
    (JSON, b"Content-Encoding: br"),
]


@pytest.mark.parametrize(("kind", "encoding"), OTHER_TYPES)
def test_another_type_of_body_is_415(port, kind, encoding):
    """Also without any type; a gzip bomb is never opened."""
    body = gzip.compress(bytes(10_000_000)) if encoding else as_json(ASK)
    lines = [line for line in (kind, encoding, b"Content-Length: %d" % len(body)) if line]
    assert problem(send(port, post(b"/features", *lines), body))["status"] == 415


def memory(port):
    """Bytes that the workers on *port* hold of their own, each."""
    (master,) = [
        process
        for process in psutil.process_iter()
        if process.ppid() == psutil.Process().pid
        and any(each.laddr.port == port for each in process.net_connections() if each.laddr)
    ]
    return [worker.memory_info().rss for worker in master.children()]


def test_a_hundred_megabytes_take_no_memory(port):
    """Refused at four, whether the size is said or comes in chunks; the workers stay small."""
    before = max(memory(port))
    piece = b" " * 1_000_000
    for _ in range(4):
        head = post(b"/features", JSON, b"Content-Length: 100000000")
        assert problem(send(port, head, *[piece] * 100))["status"] == 413
        head = post(b"/features", JSON, b"Transfer-Encoding: chunked")
        chunks = [b"f4240\r\n" + piece + b"\r\n"] * 100
        assert problem(send(port, head, *chunks, b"0\r\n\r\n"))["status"] == 413
    assert max(memory(port)) - before < 40_000_000


def test_a_body_that_just_fits_is_read(port):
    """Four million bytes are no more than the limit; one byte more is, also in chunks."""
    body = as_json(ASK)
    for extra, status in ((0, 200), (1, 413)):
        whole = body + b" " * (4_000_000 - len(body) + extra)
        head = post(b"/features", JSON, b"Content-Length: %d" % len(whole))
        assert send(port, head, whole)[0] == status
        head = post(b"/features", JSON, b"Transfer-Encoding: chunked")
        chunk = b"%x\r\n" % len(whole) + whole + b"\r\n0\r\n\r\n"
        assert send(port, head, chunk)[0] == status


BROKEN_CHUNKS = [
    b"zz\r\n{}\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
    b"-2\r\n{}\r\n",
    b"2\r\n{}0\r\n",
]


@pytest.mark.parametrize("chunks", BROKEN_CHUNKS)
def test_broken_chunks_are_the_senders_mistake(port, chunks):
    """400, and not an error of the service."""
    head = post(b"/features", JSON, b"Transfer-Encoding: chunked")
    assert send(port, head, chunks, end=True)[0] == 400


def test_half_requests_keep_nobody_waiting(port):
    """A hundred connections that say nothing, or half a head: others are answered meanwhile.

    The halves are told 408 when their time is over.
    """
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(port)) for _ in range(50)]
        halves = [stack.enter_context(connect(port)) for _ in range(50)]
        for half in halves:
            half.sendall(b"GET /recs/u1 HTTP/1.1\r\nHost:")
        time.sleep(0.2)
        started = time.monotonic()
        for _ in range(20):
            assert send(port, get(b"/recs/u1"))[0] == 200
        assert time.monotonic() - started < 2
        for half in halves:
            assert problem(receive(half))["status"] == 408
        for late in silent:
            late.sendall(get(b"/recs/u1"))
        assert {receive(late)[0] for late in silent} == {200}


def test_a_head_may_come_in_pieces(port):
    """Byte by byte it is a request like any other."""
    with connect(port) as connection:
        for byte in get(b"/recs/u2"):
            connection.sendall(bytes([byte]))
        assert receive(connection)[0] == 200
        connection.sendall(get(b"/recs/u3") + get(b"/recs/u4"))  # and two at once
        assert receive(connection)[0] == 200


def test_a_body_that_does_not_come_is_given_up(port):
    """As many as there are threads hold them for `body_within`, then others are answered."""
    head = post(b"/features", JSON, b"Content-Length: 100")
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(port)).sendall(head + b"{")
        assert send(port, get(b"/recs/u1"))[0] == 200


def test_ids_that_are_no_utf8_are_never_two_users_at_once(port):
    """Any two bytes that are not UTF-8 are refused, not both read as one sign of replacement."""
    for byte in (b"\x80", b"\xbf", b"\xc0", b"\xf5", b"\xff"):
        path = f"/recs/u{quote_from_bytes(byte)}".encode()
        assert "not UTF-8" in problem(send(port, get(path)))["detail"]
