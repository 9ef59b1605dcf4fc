"""Bodies that nobody sends by mistake: refused soon, and without memory."""

import gzip
import json

import psutil
import pytest

from tests.serving.raw import post, problem, send

JSON = b"Content-Type: application/json"


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
    (b"{" + b",".join(b'"%d":0' % n for n in range(90_000)) + b',"7":0}', 400),
    (b"{" + b",".join(b'"%d":0' % n for n in range(200_000)) + b"}", 413),
    (b'{"kind": "user", "ids": [' + b",".join([b"0"] * 1_900_000) + b"]}", 413),
    (b'{"kind": "user", "ids": [' + b"[]" * 110_000 + b"]}", 413),
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


def connections(process):
    """Its sockets; none of a process that has ended or may not be looked into."""
    try:
        return process.net_connections()
    except psutil.Error:
        return []


def memory(port):
    """Bytes that the workers on *port* hold of their own, each."""
    (master,) = [
        process
        for process in psutil.Process().children()
        if any(each.laddr.port == port for each in connections(process) if each.laddr)
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
