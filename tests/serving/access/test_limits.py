"""Limits of one process: how many at once, how soon again, what is said, how much is kept."""

import pytest

from serving.access.limits import PER_EXCHANGE, Limiter
from serving.access.rate import RateLimit, parse_rate
from serving.access.settings import AccessSettings
from settings import SettingsError
from tests.serving.access.conftest import ACTIVATE
from tests.serving.problems import refusal


class Clock:
    """Stands until it is moved."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """A clock of the test's own."""
    return Clock()


def test_so_many_at_once_and_then_one_by_one(clock):
    """Ten in five seconds: ten, then one each half second, and no more saved up than ten."""
    limiter = Limiter(RateLimit(10, 5), 100, clock)
    assert sum(limiter.take("a").allowed for _ in range(15)) == 10
    assert limiter.take("a")[2:] == (0, pytest.approx(0.5), pytest.approx(5.0))
    clock.now += 0.5
    assert [limiter.take("a").allowed for _ in range(2)] == [True, False]
    clock.now += 3600
    assert sum(limiter.take("a").allowed for _ in range(15)) == 10
    assert limiter.take("b").allowed


def test_what_remains_is_counted_down(clock):
    """And the time until all is there again grows."""
    limiter = Limiter(RateLimit(4, 8), 100, clock)
    found = [limiter.take("a") for _ in range(4)]
    assert [verdict.remaining for verdict in found] == [3, 2, 1, 0]
    assert [round(verdict.reset) for verdict in found] == [2, 4, 6, 8]


def test_a_flood_of_made_up_callers_is_not_kept(clock):
    """At most *tracked*; who called last is known best."""
    limiter = Limiter(RateLimit(1, 60), 100, clock)
    for n in range(5000):
        limiter.take(f"u{n}")
    assert len(limiter) == 100
    assert not limiter.take("u4999").allowed
    assert len(limiter.collect()) == 100


def test_who_has_rested_is_forgotten(clock):
    """Nothing is kept of those who called long ago."""
    limiter = Limiter(RateLimit(1, 1), 1000, clock)
    for n in range(PER_EXCHANGE + 50):
        limiter.take(f"u{n}")
    assert [len(limiter.collect()) for _ in range(3)] == [PER_EXCHANGE, 50, 0]
    assert len(limiter) == PER_EXCHANGE + 50
    clock.now += 2
    limiter.collect()
    assert len(limiter) == 0


def test_what_others_counted_is_taken_over(clock):
    """A caller that is ahead elsewhere waits here; what came meanwhile is added."""
    limiter = Limiter(RateLimit(10, 10), 100, clock)
    limiter.take("a")
    assert limiter.collect() == [("a", 1)]
    limiter.take("a")
    limiter.learn([("a", 25.0), ("unknown", 5.0)])
    verdict = limiter.take("a")
    assert (verdict.allowed, verdict.wait) == (False, pytest.approx(17.0))
    assert len(limiter) == 1


@pytest.mark.parametrize(
    ("text", "rate"),
    [("200/s", (200, 1)), ("6000/m", (6000, 60)), ("10/5s", (10, 5)), ("5/2h", (5, 7200))],
)
def test_a_rate_is_written_as_people_say_it(text, rate):
    """Count, slash, span; it can be read back."""
    assert parse_rate(text) == rate
    assert parse_rate(str(parse_rate(text))) == rate


@pytest.mark.parametrize("text", ["0/s", "10/0s", "10", "10/d", "-1/s", "1.5/s", 10, "/s"])
def test_another_rate_is_refused(settings_of, text):
    """The message shows what one looks like."""
    with pytest.raises(SettingsError, match=r"access\.limits\.per_key = .*rate like"):
        settings_of(limits={"per_key": text}).read(AccessSettings)


def test_too_many_requests_of_a_key_are_told_to_wait(open_door, read_key, admin_key):
    """429 as a problem, with `Retry-After`; other keys are answered, health always."""
    door = open_door(enabled=True, limits={"per_key": "3/m"})
    answers = [door.ask(read_key) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    status, body = refusal(answers[3])
    assert (status, body["title"]) == (429, "Too Many Requests")
    assert body["detail"] == "More than 3 requests in 60 s."
    assert 15 <= int(answers[3].headers["Retry-After"]) <= 20
    assert door.ask(admin_key).status_code == 200
    assert {door.ask(path="/health/live").status_code for _ in range(9)} == {200}


def test_answers_say_what_is_left(open_door, read_key):
    """The fields of the IETF's draft, for each limit that counted."""
    door = open_door(enabled=True, limits={"per_key": "3/m", "per_user": "100/s"})
    headers = door.ask(read_key).headers
    assert headers["RateLimit-Policy"] == '"key";q=3;w=60, "user";q=100;w=1'
    assert headers["RateLimit"] == '"key";r=2;t=20, "user";r=99;t=1'
    assert "RateLimit" not in door.ask(path="/health/live").headers
    assert "RateLimit" not in open_door(enabled=True).ask(read_key).headers


def test_a_user_has_a_limit_whoever_asks(open_door, read_key, admin_key):
    """Counted by the id in the path, over all keys."""
    door = open_door(enabled=True, limits={"per_user": "2/m"})
    answers = [door.ask(key).status_code for key in (read_key, admin_key, read_key)]
    assert answers == [200, 200, 429]
    assert door.ask(read_key, "/recs/u2").status_code == 200
    assert door.ask(read_key, "/v1/recs/u1").status_code == 429


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", False),
    ],
)
def test_without_keys_an_address_has_a_limit(open_door, first, second, same):
    """One of IPv4, a network of IPv6."""
    door = open_door(limits={"per_key": "1/m"})
    answers = [
        door.http.get("/recs/u1", environ_overrides={"REMOTE_ADDR": address}).status_code
        for address in (first, first, second)
    ]
    assert answers == [200, 429, 429 if same else 200]


def test_who_guesses_keys_waits(open_door, read_key):
    """Refusals count against the address; the right key does not suffer from it."""
    door = open_door(enabled=True, limits={"per_key": "2/m"})
    guesses = [door.ask(f"ns_{n:012x}_{'A' * 43}").status_code for n in range(3)]
    assert guesses == [401, 401, 429]
    assert door.ask(read_key).status_code == 200


def test_a_refused_request_of_a_known_key_counts(open_door, read_key):
    """A key of the wrong role is 403, and waits like any other."""
    door = open_door(enabled=True, limits={"per_key": "2/m"})
    answers = [door.ask(read_key, ACTIVATE, "POST").status_code for _ in range(3)]
    assert answers == [403, 403, 429]
