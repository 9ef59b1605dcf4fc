"""The Python client: every question against the running service."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from nightshelf_client import AccessError, Client, ProblemError, RankedItem
from tests.shelf_fixtures import version_id

SOURCE = Path(__file__).parents[2] / "clients" / "python"


def ids(answer):
    """The items of an answer, in order."""
    return [item.item_id for item in answer.items]


def test_a_users_list_is_typed_through_and_through(shelf):
    """Items with ranks, titles and reasons; moments as moments; the whole answer as it came."""
    answer = shelf.recs("u1", n=2)
    first = answer.items[0]
    assert (answer.user_id, answer.surface, answer.served_by) == ("u1", "home", "personal")
    assert (answer.version, answer.model, answer.stale) == (version_id(1), "ranker", False)
    assert answer.generated_at == datetime(2018, 1, 1, tzinfo=UTC)
    assert (first.rank, first.item_id, first.score, first.tier) == (1, "i7", 1.0, "personal")
    assert first.title == f"item 7 of {version_id(1)}"
    assert (first.reason.code, first.reason.item_id) == ("bought_together", "i1")
    assert first.explanation is None
    assert answer.raw["items"][1]["item_id"] == ids(answer)[1] == "i10"


def test_what_is_wished_for_reaches_the_service(shelf):
    """Numbers, lists, flags and the situation, in a query as in a body."""
    wish = {
        "n": 2,
        "offset": 1,
        "surface": "discover",
        "exclude": ["i10", "i13"],
        "category": {"c0", "c1"},
        "min_score": 0.2,
        "seen": "keep",
        "explain": True,
        "context": {"device": "phone", "hour": 7, "page": "cart"},
    }
    answer = shelf.recs("u1", **wish)
    assert (ids(answer), answer.rules) == (["i16", "i19"], ("carts",))
    assert [item.rank for item in answer.items] == [2, 3]
    assert shelf.recs_many(["u1"], **wish) == [answer]
    assert shelf.recs("u1", n=1, explain=False).raw.keys() == answer.raw.keys() - {"rules"}


def test_events_are_taken_in_and_bad_ones_named(service, shelf):
    """Moments and decimals as Python has them; with the key of another role; not all bad."""
    answer = shelf.recs("u1", n=2)
    bought = {
        "event_type": "purchase",
        "user_id": "u1",
        "item_id": answer.items[1].item_id,
        "recommendation_id": answer.recommendation_id,
        "event_at": datetime.now(UTC),
        "value": Decimal("12.5"),
    }
    shown = {
        "event_type": "impression",
        "user_id": "u1",
        "recommendation_id": answer.recommendation_id,
        "page_view_id": "p1",
    }
    with Client(service.url, key=service.events_key, timeout_s=10) as sender:
        taken = sender.send_events([shown, bought, {**bought, "position": 0}])
        assert (taken.accepted, taken.durability) == (2, "process")
        assert [(bad.index, bad.type) for bad in taken.rejected] == [(2, "invalid")]
        with pytest.raises(ProblemError) as refused:
            sender.send_events([{**bought, "position": 0}])
        assert refused.value.members["rejected"][0]["index"] == 0
        with pytest.raises(ValueError, match="with a zone"):
            sender.send_events([{**bought, "event_at": datetime(2018, 1, 1)}])
    (recent, *_) = shelf.profile("u1").recent_events
    assert (recent.event_type, recent.item_id) == ("purchase", answer.items[1].item_id)


def test_an_explanation_is_typed_too(shelf):
    """Of the first items of users with even numbers; null elsewhere."""
    *explained, last = shelf.recs("u0", n=4, explain=True).items
    assert [item.explanation.generators for item in explained] == [("trending", "als")] * 3
    assert explained[0].explanation.contributions[0].sign == "+"
    assert last.explanation is None


@pytest.mark.parametrize("user", ["a//b?c#d%2F é😀", ".", "..", "/", " a,b "])
def test_any_id_is_a_user(shelf, user):
    """Slashes, dots, spaces and emoji arrive as they are, in paths and in bodies."""
    assert shelf.recs(user, n=1).user_id == user
    assert [answer.user_id for answer in shelf.recs_many([user, "u1"], n=1)] == [user, "u1"]
    assert shelf.profile(user).known is False


def test_sessions_and_items_have_neighbours(shelf):
    """Newest first, without the items themselves."""
    assert ids(shelf.session_recs(["i1"], n=2)) == ["i2", "i3"]
    assert ids(shelf.session_recs(("i1", "i3"), n=2, exclude=["i2"])) == ["i4", "i5"]
    assert ids(shelf.similar("i5", n=2)) == ["i6", "i7"]


def test_candidates_are_ranked(shelf):
    """By the user's list first; what is not known comes last and is named."""
    ranked = shelf.rank("u1", ["nothing", "i10", "i7"], surface="home", session=["i2"])
    assert [item.item_id for item in ranked.items] == ["i7", "i10", "nothing"]
    assert ranked.items[2] == RankedItem(rank=3, item_id="nothing", score=None, by=None)
    assert (ranked.without, ranked.hidden) == (("nothing",), ())
    assert shelf.rank(None, ["i3"]).user_id is None


def test_profiles_features_and_versions_are_read(shelf):
    """What is known of a user, and of the lists."""
    profile = shelf.profile("u1")
    assert (profile.known, profile.segment) == (True, "students")
    assert [(each.surface, each.n_items) for each in profile.lists] == [
        ("home", 20),
        ("discover", 20),
    ]
    values = shelf.features("user", ["u0", "nobody"], ["segment.segment"])
    assert values.features["u0"] == {"segment.segment": "families"}
    assert values.status == {"u0": "present", "nobody": "not_found"}
    assert len(shelf.features("user", ["u0"]).features["u0"]) == 4
    versions = shelf.versions()
    assert versions.active.version == version_id(1)
    assert [(each.version, each.live) for each in versions.versions] == [(version_id(1), True)]
    assert versions.versions[0].surfaces == ("discover", "home")
    assert shelf.ready().checks["store"] == "ok"


def test_a_problem_names_parameter_found_and_expected(shelf):
    """422 and 404 as the service words them, with the request's id."""
    with pytest.raises(ProblemError, match="n = '0': expected a whole number") as caught:
        shelf.recs("u1", n=0, request_id="page-7")
    problem = caught.value
    assert (problem.status, problem.title) == (422, "Unprocessable Entity")
    assert (problem.members["parameter"], problem.members["found"]) == ("n", "0")
    assert (problem.request_id, problem.retry_after) == ("page-7", None)
    with pytest.raises(ProblemError) as caught:
        shelf.rank("u1", ["i1"], surface="nowhere")
    assert (caught.value.status, caught.value.members["surfaces"]) == (404, ["home", "discover"])


def test_without_a_key_the_service_refuses(service):
    """With a type of its own, also for a wrong key; health asks for none."""
    for key in (None, "ns_000000000000_wrong"):
        with Client(f"{service.url}/v1/", key=key, timeout_s=10) as stranger:
            with pytest.raises(AccessError) as caught:
                stranger.recs("u1")
            assert caught.value.status == 401
            assert stranger.ready().status == "ready"


def test_one_text_is_not_taken_for_several_ids(shelf):
    """`exclude="i1"` would be the ids i and 1."""
    for ask in (
        lambda: shelf.recs("u1", exclude="i1"),
        lambda: shelf.recs_many("u1"),
        lambda: shelf.session_recs("i1"),
        lambda: shelf.rank("u1", "i1"),
    ):
        with pytest.raises(TypeError, match="expected several texts"):
            ask()


def test_threads_share_a_client(shelf):
    """Each gets its own answer; no more connections stay open than are kept."""
    users = [f"u{k % 50}" for k in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda user: shelf.recs(user, n=3), users))
    assert [answer.user_id for answer in answers] == users
    assert 1 <= len(shelf._transport._idle) <= 8


FORK = """
import os, sys
from nightshelf_client import Client

shelf = Client(sys.argv[1], key=sys.argv[2], timeout_s=10)
shelf.recs("u1", n=1)
(kept,) = shelf._transport._idle
child = os.fork()
if child == 0:
    ok = shelf.recs("u2", n=1).user_id == "u2" and kept not in shelf._transport._idle
    os._exit(0 if ok else 1)
assert os.waitpid(child, 0)[1] == 0
assert shelf.recs("u3", n=1).user_id == "u3"
assert list(shelf._transport._idle) == [kept]
print("as it should be")
"""


def test_a_forked_child_makes_connections_of_its_own(service):
    """Answers of parent and child do not mix on one socket."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, service.url, service.key],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("as it should be\n", "")
