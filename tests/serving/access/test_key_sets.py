"""Tokens of RS256 and the issuer's file of keys."""

import base64
import hashlib
import hmac

import pytest
from jwt.algorithms import RSAAlgorithm

from serving.access.front_door import check_door
from serving.access.tokens import TokenSettingsError
from settings import SettingsError
from tests.serving.access.issuer import (
    NAMES,
    SECRET,
    claims,
    jwk,
    public_pem,
    rsa_key,
    sign,
    write_jwks,
)
from tests.serving.access.test_tokens import encode
from tests.serving.problems import refusal

RS256 = {"algorithm": "RS256", "jwks_path": "jwks.json", **NAMES}


@pytest.fixture
def jwks(tmp_path):
    """A key set of one key, `one`."""
    return write_jwks(tmp_path / "jwks.json", jwk(rsa_key(1), "one"))


def sign_rsa(number, kid, **changed):
    headers = {} if kid is None else {"kid": kid}
    return sign(rsa_key(number), "RS256", headers, **changed)


def test_a_token_names_its_key(open_door, jwks):
    """The named key signed it; the only key need not be named; another's does not count."""
    door = open_door(enabled=True, jwt=RS256)
    tokens = [
        sign_rsa(1, "one"),
        sign_rsa(1, None),
        sign_rsa(1, "two"),
        sign_rsa(2, "one"),
        sign_rsa(2, None),
    ]
    assert [door.ask(token).status_code for token in tokens] == [200, 200, 401, 401, 401]


def test_the_public_key_is_no_secret_of_hs256(open_door, jwks):
    """The classic confusion: an HMAC keyed with what everybody knows, in each of its forms."""
    door = open_door(enabled=True, jwt=RS256)
    key = rsa_key(1)
    for secret in (public_pem(key), public_pem(key).strip(), jwks.read_bytes()):
        for headers in ({"alg": "HS256", "kid": "one"}, {"alg": "HS256"}, {"alg": "RS256"}):
            body = f"{encode(headers)}.{encode(claims(role='admin'))}"
            mac = hmac.new(secret, body.encode(), hashlib.sha256).digest()
            token = f"{body}.{_text(mac)}"
            assert refusal(door.ask(token))[0] == 401
    assert refusal(door.ask(sign(SECRET)))[0] == 401


def _text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("claim", ["jwk", "jku", "x5u", "x5c"])
def test_a_token_does_not_bring_its_own_key(open_door, jwks, claim):
    """Headers that name a key elsewhere are not followed."""
    value = {"jwk": jwk(rsa_key(2), "one"), "x5c": ["MII"]}.get(claim, "http://127.0.0.1:1/keys")
    door = open_door(enabled=True, jwt=RS256)
    token = sign(rsa_key(2), "RS256", {"kid": "one", claim: value})
    assert refusal(door.ask(token))[0] == 401


@pytest.mark.parametrize("kid", ["", "../one", ["one"], {"a": 1}, 1, "x" * 500])
def test_a_strange_name_of_a_key_is_refused(open_door, jwks, kid):
    """It is looked up among the known ones and nowhere else."""
    write_jwks(jwks, jwk(rsa_key(1), "one"), jwk(rsa_key(2), "two"))
    body = f"{encode({'alg': 'RS256', 'kid': kid})}.{encode(claims())}"
    answer = open_door(enabled=True, jwt=RS256).ask(f"{body}.{sign_rsa(1, 'one').split('.')[2]}")
    assert refusal(answer)[0] == 401


def test_keys_of_the_issuer_rotate(open_door, jwks):
    """Both count while both are in the file; the old one, though remembered, not after that."""
    door = open_door(enabled=True, jwt=RS256)
    old, new = sign_rsa(1, "one"), sign_rsa(2, "two")
    seen = [[door.ask(token).status_code for token in (old, new)]]
    for rows in ([(1, "one"), (2, "two")], [(2, "two")]):
        write_jwks(jwks, *[jwk(rsa_key(number), kid) for number, kid in rows])
        door.guard.poll()
        seen.append([door.ask(token).status_code for token in (old, new)])
    assert seen == [[200, 401], [200, 200], [401, 200]]


def test_a_damaged_key_set_leaves_the_old_one(open_door, jwks, caplog):
    """The log says so."""
    door = open_door(enabled=True, jwt=RS256)
    jwks.write_text("{}")
    door.guard.poll()
    assert door.ask(sign_rsa(1, "one")).status_code == 200
    assert "expected a JSON web key set" in caplog.text


def rows_of(name):
    """The rows of a key set that cannot be used."""
    good, other = jwk(rsa_key(1), "one"), jwk(rsa_key(2), "one")
    return {
        "none": [],
        "of another algorithm": [{**good, "alg": "RS512"}],
        "for encryption": [{**good, "use": "enc"}],
        "a secret": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}],
        "twice": [good, other],
        "nameless beside another": [good, {k: v for k, v in other.items() if k != "kid"}],
        "short": [jwk(rsa_key(3, 1024), "one")],
        "no numbers": [{"kty": "RSA", "kid": "one"}],
        "text": ["key"],
    }[name]


UNUSABLE = (
    *("none", "of another algorithm", "for encryption", "a secret", "twice"),
    *("nameless beside another", "short", "no numbers", "text"),
)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_set_without_a_good_key_is_refused_at_start(settings_of, tmp_path, name):
    """The message names the file and what is expected."""
    write_jwks(tmp_path / "jwks.json", *rows_of(name))
    with pytest.raises(TokenSettingsError, match=r"jwks\.json: .*expected"):
        check_door(settings_of(enabled=True, jwt=RS256), ["0.0.0.0:80"], {})


def test_a_private_key_has_no_place_in_the_web_tier(settings_of, tmp_path):
    """Whoever reads the file could sign tokens."""
    private = RSAAlgorithm.to_jwk(rsa_key(1), as_dict=True)
    write_jwks(tmp_path / "jwks.json", private)
    with pytest.raises(TokenSettingsError, match="public half"):
        check_door(settings_of(enabled=True, jwt=RS256), ["0.0.0.0:80"], {})


@pytest.mark.parametrize(
    ("jwt", "environ", "said"),
    [
        ({"algorithm": "HS256"}, {}, "needs the secret in .NIGHTSHELF_JWT_SECRET"),
        ({"algorithm": "HS256"}, {"NIGHTSHELF_JWT_SECRET": "short"}, "a secret of 5 bytes"),
        ({"algorithm": "HS256", "secret_path": "none"}, {}, "cannot be read"),
        ({"algorithm": "HS256"}, {"NIGHTSHELF_JWT_SECRET": "-----BEGIN PUBLIC KEY-----" * 2}, "of"),
    ],
)
def test_a_secret_that_is_missing_or_weak_is_refused_at_start(settings_of, jwt, environ, said):
    """The message says what to do."""
    with pytest.raises(TokenSettingsError, match=said):
        check_door(settings_of(enabled=True, jwt={**jwt, **NAMES}), ["0.0.0.0:80"], environ)


@pytest.mark.parametrize(
    "jwt",
    [
        {"algorithm": "RS256"},
        {"algorithm": "HS256", "jwks_path": "x"},
        {"algorithm": "none"},
        {"algorithm": "RS256", "jwks_path": "x", "secret_path": "y"},
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings_of, jwt):
    """RS256 has a key set, HS256 a secret; there is no other algorithm."""
    with pytest.raises(SettingsError, match=r"access\.jwt"):
        check_door(settings_of(enabled=True, jwt={**jwt, **NAMES}), ["127.0.0.1:1"], {})
