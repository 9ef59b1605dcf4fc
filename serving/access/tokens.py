"""JSON web tokens: signed by an issuer that is trusted, by the one algorithm of the settings.

PyJWT is loaded when `[access.jwt]` is there: a web process without tokens does not pay for it.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.access.files import WatchedFile
from serving.access.identity import CredentialsError, Identity, Role
from serving.access.settings import JwtSettings, mounted
from settings import Settings
from settings.errors import NightshelfError

MIN_SECRET_BYTES = 32  # as long as the hash, RFC 7518
MIN_RSA_BITS = 2048
MAX_SUBJECT = 256
REMEMBERED = 4096  # tokens, so that their signature is checked once
_ONLY = ""  # the key of tokens that name none, where there is one

Keys = Mapping[str, Any]  # id of a key → what PyJWT verifies with


class TokenSettingsError(NightshelfError):
    """The secret or the issuer's keys are missing or cannot be used."""


class TokenVerifier:
    """Says whose token it is; safe to share between threads."""

    def __init__(self, settings: JwtSettings, file: WatchedFile[Keys] | None, keys: Keys) -> None:
        import jwt

        self._jwt = jwt
        self._settings = settings
        self._file = file
        self._keys = keys
        self._known: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Read a changed file of keys; tokens that were verified by the old ones are forgotten."""
        if self._file is not None and self._file.refresh():
            with self._lock:
                self._keys = self._file.value
                self._known.clear()

    def verify(self, token: str) -> Identity:
        """Whose *token* it is; raises `CredentialsError` when it is not to be trusted."""
        digest = hashlib.sha256(token.encode("ascii")).digest()  # looking up tells nothing of it
        with self._lock:
            keys = self._keys
            found = self._known.get(digest)
            if found is not None and time.time() < found[1]:
                self._known.move_to_end(digest)
                return found[0]
        identity, until = self._decode(token, keys)
        with self._lock:
            if keys is self._keys:
                self._known[digest] = (identity, until)
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return identity

    def _decode(self, token: str, keys: Keys) -> tuple[Identity, float]:
        settings = self._settings
        try:
            header = self._jwt.get_unverified_header(token)
            if header.get("alg") != settings.algorithm:
                raise CredentialsError(f"The token is not signed by {settings.algorithm}.")
            claims = self._jwt.decode(
                token,
                _key_of(header, keys),
                algorithms=[settings.algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                leeway=settings.leeway,
                options={"require": ["exp", "aud", "iss", "sub"]},
            )
        except self._jwt.ExpiredSignatureError:
            raise CredentialsError("The token has expired.") from None
        except self._jwt.PyJWTError as error:
            raise CredentialsError(f"The token is not accepted: {error}.") from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise CredentialsError("The token cannot be read.") from None
        subject = claims["sub"]
        if not 1 <= len(subject) <= MAX_SUBJECT:
            raise CredentialsError(f"The token's sub has not 1 to {MAX_SUBJECT} characters.")
        if not isinstance(claims["exp"], int | float):  # PyJWT takes the text of a number, too
            raise CredentialsError("The token's exp is no number.")
        until = claims["exp"] + settings.leeway.total_seconds()
        return Identity(f"jwt:{subject}", subject, _role_of(claims, settings)), until


def open_verifier(
    settings: Settings, jwt: JwtSettings, environ: Mapping[str, str]
) -> TokenVerifier:
    """A verifier with the secret or the keys of *jwt*; nobody's token counts while a file is bad.

    Raises `TokenSettingsError` without library or secret.
    """
    _check_library()
    path = jwt.jwks_path if jwt.algorithm == "RS256" else jwt.secret_path
    if path is None:
        return TokenVerifier(jwt, None, {_ONLY: _check_secret(jwt, environ)})
    read = _read_jwks if jwt.algorithm == "RS256" else _read_secret
    file: WatchedFile[Keys] = WatchedFile(mounted(settings, path), read, empty={})
    return TokenVerifier(jwt, file, file.value)


def check_jwt(settings: Settings, jwt: JwtSettings, environ: Mapping[str, str]) -> None:
    """Raise `TokenSettingsError` unless there is something to verify tokens with."""
    _check_library()
    if jwt.jwks_path is not None:
        _read_jwks(mounted(settings, jwt.jwks_path))
    elif jwt.secret_path is not None:
        _read_secret(mounted(settings, jwt.secret_path))
    else:
        _check_secret(jwt, environ)


def _check_library() -> None:
    try:
        import jwt  # noqa: F401 - only whether it is there
    except ImportError:
        raise TokenSettingsError(
            "[access.jwt] needs PyJWT: pip install -r requirements-serving.txt"
        ) from None


def _key_of(header: Mapping[str, Any], keys: Keys) -> Any:
    name = header.get("kid", _ONLY)
    if _ONLY in keys:  # one secret, whatever it is called
        return keys[_ONLY]
    if name == _ONLY and len(keys) == 1:
        return next(iter(keys.values()))
    if not isinstance(name, str) or name not in keys:
        raise CredentialsError("The token is signed by a key that is not known here.")
    return keys[name]


def _role_of(claims: Mapping[str, Any], settings: JwtSettings) -> Role:
    said = claims.get(settings.role_claim)
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    if settings.admin_value in words:
        return "admin"
    if settings.read_value in words:
        return "read"
    if settings.events_value in words:
        return "events"
    raise CredentialsError(f"The token's {settings.role_claim} gives it no role here.")


def _check_secret(jwt: JwtSettings, environ: Mapping[str, str]) -> bytes:
    found = environ.get(jwt.variable)
    if found is None:
        raise TokenSettingsError(
            f'[access.jwt] algorithm = "HS256" needs the secret in ${jwt.variable}, '
            "or in a file named by secret_path"
        )
    return _long_enough(found.encode(), f"${jwt.variable}")


def _read_secret(path: Path) -> Keys:
    try:
        return {_ONLY: _long_enough(path.read_bytes().strip(), str(path))}
    except OSError as error:
        raise TokenSettingsError(f"{path}: the secret cannot be read: {error.strerror}") from None


def _long_enough(secret: bytes, where: str) -> bytes:
    if len(secret) < MIN_SECRET_BYTES:
        raise TokenSettingsError(
            f"{where}: a secret of {len(secret)} bytes; expected at least {MIN_SECRET_BYTES}, "
            "random: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if b"-----BEGIN" in secret:
        raise TokenSettingsError(f"{where}: a key pair's file; HS256 needs a secret of its own")
    return secret


def _read_jwks(path: Path) -> Keys:
    """The issuer's RSA keys for signatures, by id; others in the file are passed over."""
    import jwt

    expected = "expected a JSON web key set with an RSA key for signatures"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["keys"]
        usable = [row for row in rows if _is_usable(row)]
        keys = {str(row.get("kid", _ONLY)): jwt.PyJWK(row, "RS256") for row in usable}
    except OSError as error:
        raise TokenSettingsError(f"{path}: cannot be read: {error.strerror}; {expected}") from None
    except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
        raise TokenSettingsError(f"{path}: {type(error).__name__}: {expected}") from None
    if not keys or len(keys) != len(usable) or (_ONLY in keys and len(keys) > 1):
        raise TokenSettingsError(f"{path}: {len(usable)} keys; {expected}, each with its own kid")
    for name, key in keys.items():
        if key.key.key_size < MIN_RSA_BITS or hasattr(key.key, "private_numbers"):
            raise TokenSettingsError(
                f"{path}: key {name!r}: expected the public half of at least {MIN_RSA_BITS} bits"
            )
    return keys


def _is_usable(row: Mapping[str, Any]) -> bool:
    return (
        row.get("kty") == "RSA"
        and row.get("use", "sig") == "sig"
        and row.get("alg", "RS256") == "RS256"
    )
