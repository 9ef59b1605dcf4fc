"""Tokens signed with a shared secret: accepted as they should be, refused in every other way."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest

from tests.serving.access.conftest import ACTIVATE
from tests.serving.access.issuer import ENVIRON, NAMES, SECRET, claims, sign
from tests.serving.problems import refusal

HS256 = {"enabled": True, "jwt": {"algorithm": "HS256", **NAMES}}


@pytest.fixture
def door(open_door):
    """Asks for tokens of HS256."""
    return open_door(ENVIRON, **HS256)


def encode(value):
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def sign_anything(value):
    """A token of HS256 whose claims no library would write."""
    body = f"{encode({'alg': 'HS256', 'typ': 'JWT'})}.{encode(value)}"
    mac = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_token_opens_what_its_role_may(door):
    """The claim may be a text, words between blanks, or a list."""
    answers = [
        (door.ask(sign(role=role)).status_code, door.ask(sign(role=role), ACTIVATE, "POST"))
        for role in ("read", "openid read", ["read"], "admin", "read admin", ["x", "admin"])
    ]
    assert [(read, admin.status_code) for read, admin in answers] == [
        *[(200, 403)] * 3,
        *[(200, 200)] * 3,
    ]


def test_other_names_of_claim_and_roles_can_be_set(open_door):
    """As an identity provider has them."""
    names = {"role_claim": "scope", "read_value": "shelf:read", "admin_value": "shelf:admin"}
    door = open_door(ENVIRON, enabled=True, jwt={**HS256["jwt"], **names})
    found = [
        door.ask(sign(scope=s)).status_code for s in ("shelf:read", "x shelf:admin", "read", None)
    ]
    assert found == [200, 200, 401, 401]


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "others"},
        {"aud": ["others"]},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": "9999999999"},
        {"exp": float("inf")},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 257},
        {"role": None},
        {"role": "reader"},
        {"role": {"read": True}},
        {"role": [["read"]]},
    ],
    ids=lambda changed: f"{next(iter(changed))}={next(iter(changed.values()))!s:.12}",
)
def test_a_claim_that_is_wrong_or_missing_is_refused(door, changed):
    """Signed well, and 401 all the same; the one without a change is answered."""
    status, problem = refusal(door.ask(sign_anything(claims(**changed))))
    assert (status, problem["title"]) == (401, "Unauthorized")
    assert door.ask(sign_anything(claims())).status_code == 200


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -60), ("nbf", 600), ("iat", 600)])
def test_a_token_out_of_its_time_is_refused(door, claim, seconds):
    """Expired, or not yet in force; the clock is read in the test: its name must not change."""
    moved = claims(**{claim: int(time.time()) + seconds})
    assert refusal(door.ask(sign_anything(moved)))[0] == 401


def test_clocks_may_differ_by_the_leeway(open_door):
    """Expired by less than that is not expired."""
    door = open_door(ENVIRON, enabled=True, jwt={**HS256["jwt"], "leeway": "30s"})
    now = int(time.time())
    assert [door.ask(sign(exp=now - ago)).status_code for ago in (5, 60)] == [200, 401]


def test_an_expired_token_is_told_so(door):
    """The one reason that a caller can mend alone."""
    _, problem = refusal(door.ask(sign(exp=int(time.time()) - 60)))
    assert problem["detail"] == "The token has expired."


def test_a_token_that_was_changed_is_refused(door):
    """Role, signature, or either left out."""
    head, body, signature = sign().split(".")
    forged = encode(claims(role="admin"))
    for token in (
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}..{signature}",
        f".{body}.{signature}",
        sign("another secret that is long enough, too"),
    ):
        assert refusal(door.ask(token))[0] == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS384", "HS512", "", None, 1, []])
def test_a_token_does_not_choose_its_algorithm(door, algorithm):
    """`none` with no signature, and others, whatever they are signed with."""
    unsigned = f"{encode({'alg': algorithm, 'typ': 'JWT'})}.{encode(claims(role='admin'))}"
    assert refusal(door.ask(f"{unsigned}."))[0] == 401
    assert refusal(door.ask(f"{unsigned}.{sign().split('.')[2]}"))[0] == 401


def test_a_huge_or_deep_token_is_refused_before_it_is_read(door):
    """By its length; a deep one that is short enough is 401 as well, not an error."""
    assert refusal(door.ask(sign(padding="x" * 4000)))[0] == 401
    deep = base64.urlsafe_b64encode(b"[" * 1500).decode().rstrip("=")
    assert refusal(door.ask(f"{deep}.{deep}.{deep}"))[0] == 401
    _, body, signature = sign().split(".")
    assert refusal(door.ask(f"{deep}.{body}.{signature}"))[0] == 401


def test_a_remembered_token_is_forgotten_when_it_expires(door, monkeypatch):
    """The second request does not verify again, and one after `exp` is refused."""
    token, verified = sign(exp=int(time.time()) + 60), []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *a, **k: verified.append(1) or decode(*a, **k))
    assert [door.ask(token).status_code for _ in range(3)] == [200] * 3
    assert len(verified) == 1
    later = time.time() + 71  # past the leeway of ten seconds
    monkeypatch.setattr("serving.access.tokens.time.time", lambda: later)
    assert door.ask(token).status_code == 200  # PyJWT has a clock of its own: verified anew
    assert len(verified) == 2


def test_a_secret_in_a_file_rotates(open_door, tmp_path):
    """Tokens of the old one, remembered or not, count no more once the poller looked."""
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    door = open_door({}, enabled=True, jwt={**HS256["jwt"], "secret_path": "secret"})
    old, new_secret = sign(), "fedcba9876543210fedcba9876543210!"
    assert door.ask(old).status_code == 200
    file.write_text(new_secret)
    door.guard.poll()
    assert [door.ask(t).status_code for t in (old, sign(new_secret))] == [401, 200]


def test_keys_count_beside_tokens(door, keys_path, read_key):
    """A key made while tokens are on is known after a look."""
    door.guard.poll()
    assert [door.ask(read_key).status_code, door.ask(sign()).status_code] == [200, 200]


def test_a_refusal_is_logged_without_the_subject(door, caplog):
    """Subjects of tokens are people: the answer names one to itself, the log does not."""
    assert door.ask(sign(sub="alice@shop.example"), ACTIVATE, "POST").status_code == 403
    assert "refused to a token with the role read" in caplog.text
    assert "alice" not in caplog.text
