"""What a worker says to connections that it closes, and how much of a head it reads."""

import logging
import socket

import gevent
import pytest

from serving.manners.manners import LONGEST_ENCODINGS, _accepts_gzip, takes_gzip
from serving.worker import Worker
from tests.serving.raw import get, send


@pytest.mark.parametrize("error", [gevent.GreenletExit(), SystemExit(), ValueError("a bug")])
def test_only_errors_are_answered(error, caplog):
    """A worker that stops ends its greenlets: no answer to a request that nobody sent."""
    worker = Worker.__new__(Worker)  # its log alone is used
    worker.log = logging.getLogger("nightshelf.test")
    here, there = socket.socketpair()
    with here, there:
        worker.handle_error(None, there, None, error)
        there.close()
        said = here.recv(1000)
    is_bug = isinstance(error, Exception)
    assert said.startswith(b"HTTP/1.1 500 ") is is_bug
    assert bool(said) is bool(caplog.records) is is_bug


def test_long_wishes_for_encodings_are_not_kept():
    """Neither parsed nor remembered: their senders read what is not encoded."""
    _accepts_gzip.cache_clear()
    longest = "gzip" + " " * (LONGEST_ENCODINGS - 4)
    assert [takes_gzip({"HTTP_ACCEPT_ENCODING": text}) for text in (longest, longest + " ")] == [
        *(True, False)
    ]
    assert _accepts_gzip.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"X-%d: y" % n for n in range(40)], 200),
        ([b"X-%d: y" % n for n in range(60)], 431),
        ([b"X-Long: " + b"y" * 9000], 431),
    ],
)
def test_a_head_of_many_lines_is_refused(port, lines, status):
    """More than any browser and proxy send together."""
    answer = send(port, get(b"/health/live", *lines, b"Connection: close"))
    assert answer[0] == status
