"""From the header `Authorization` to who calls."""

from __future__ import annotations

import re
from collections.abc import Mapping

from serving.access.files import WatchedFile
from serving.access.identity import CredentialsError, Identity
from serving.access.keys import KeyRecord, looks_like_key, verify_key
from serving.access.tokens import TokenVerifier

MAX_CREDENTIALS = 4096  # characters of the header: a token of an identity provider has some 1,000
# Two headers arrive as one with a comma between them, which is no part of any token.
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


class NoCredentialsError(CredentialsError):
    """There is nothing that could be checked."""


class Doorkeeper:
    """Knows keys and, where `[access.jwt]` is set, tokens; looks for changed files when told."""

    def __init__(
        self, keys: WatchedFile[Mapping[str, KeyRecord]], tokens: TokenVerifier | None
    ) -> None:
        self._keys = keys
        self._tokens = tokens

    def refresh(self) -> None:
        """Read files that were changed: new keys count, revoked ones do not, from now on."""
        self._keys.refresh()
        if self._tokens is not None:
            self._tokens.refresh()

    def identify(self, header: str | None) -> Identity:
        """Who sent *header*; raises `CredentialsError`, or `NoCredentialsError` without one."""
        if header is None:
            raise NoCredentialsError("Send a key: Authorization: Bearer <key>.")
        match = _BEARER.fullmatch(header) if len(header) <= MAX_CREDENTIALS else None
        if match is None:
            raise CredentialsError(
                "Expected one header Authorization: Bearer <key>, "
                f"of at most {MAX_CREDENTIALS} characters."
            )
        if looks_like_key(match[1]) or self._tokens is None:
            return verify_key(match[1], self._keys.value)
        return self._tokens.verify(match[1])
