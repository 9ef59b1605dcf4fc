"""The id of a recommendation: says what was served to whom, without a lookup.

It is handed out with every answer and comes back with impressions and clicks, from browsers, so it
is signed: `<payload>.<tag>`, both base64url without padding (RFC 4648, section 5). The payload is
text, its parts divided by NUL, which no id may have; the tag is a keyed BLAKE2b (RFC 7693) of
16 bytes over the payload. The same answer has the same id, so that a 304 is possible.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple

from settings.errors import NightshelfError

FORMAT = "1"
MAX_CHARACTERS = 200_000  # of an id: 100 items whose ids are as long as they may be
TAG_CHARACTERS = 22
KEY_BYTES = 32

_PATTERN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})")
_FIXED = 6  # parts before the items: format, user's digest, version, surface, variant, seed
TIERS = {
    "personal": "p",
    "session": "n",
    "segment": "g",
    "context": "c",
    "trending": "t",
    "global": "a",
    "static": "s",
}
_TIER_OF = {letter: tier for tier, letter in TIERS.items()}


class RecommendationIdError(NightshelfError):
    """A text that is no recommendation id, or one that this service did not make."""


class ServedItem(NamedTuple):
    """One item of an answer, in the order of the answer."""

    item_id: str
    tier: str
    propensity: float = 1.0  # probability with which the policy showed it at its place


class Recommendation(NamedTuple):
    """What an id says."""

    tag: str  # 22 characters; what tables keep of the id
    user_digest: str  # of the user whom it was made for, see `digest_user`
    version: str  # empty: of the static lists
    surface: str
    variant: str
    offset: int  # items of the answer before the first one here
    items: tuple[ServedItem, ...]

    def is_for(self, user_id: str | None) -> bool:
        """Whether it was made for *user_id*; None is a visitor without an id."""
        return hmac.compare_digest(self.user_digest, digest_user(user_id))


def digest_user(user_id: str | None) -> str:
    """Twelve hex digits that tell users apart without naming them; empty of nobody."""
    if user_id is None:
        return ""
    return hashlib.blake2b(user_id.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def write_id(
    key: bytes,
    *,
    user_id: str | None,
    version: str | None,
    surface: str,
    variant: str,
    offset: int,
    items: Iterable[tuple[str, str]],
    propensities: Iterable[float] | None = None,
) -> str:
    """The id of an answer: *items* are (item id, tier); *propensities* only where not all are 1.

    *key* has at most 64 bytes and is the same in every process that reads the id.
    """
    head = (FORMAT, digest_user(user_id), version or "", surface, variant, str(offset))
    parts = [*head, *(TIERS[tier] + item_id for item_id, tier in items)]
    if propensities is not None:
        parts += ["", *map(repr, propensities)]
    payload = urlsafe_b64encode("\0".join(parts).encode("utf-8", "surrogatepass")).rstrip(b"=")
    return f"{payload.decode()}.{_tag(key, payload)}"


def read_id(key: bytes, text: str) -> Recommendation:
    """What the id *text* says; raises `RecommendationIdError` for what was not made with *key*."""
    found = _PATTERN.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if found is None:
        raise RecommendationIdError(
            f"a text of {len(text)} characters is no recommendation id; expected the "
            "recommendation_id of an answer as it stands there"
        )
    payload, tag = found[1].encode(), found[2]
    if not hmac.compare_digest(_tag(key, payload), tag):
        raise RecommendationIdError(
            "the signature of the recommendation id is not this service's; expected the "
            "recommendation_id of an answer as it stands there"
        )
    try:
        return _parse(payload, tag)
    except (ValueError, KeyError, IndexError):
        raise RecommendationIdError("the recommendation id has another form") from None


def _parse(payload: bytes, tag: str) -> Recommendation:
    text = urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)).decode("utf-8", "surrogatepass")
    parts = text.split("\0")
    form, user, version, surface, variant, offset = parts[:_FIXED]
    if form != FORMAT:
        raise ValueError(form)
    rest = parts[_FIXED:]
    propensities: list[float] = []
    if "" in rest:
        middle = rest.index("")
        rest, propensities = rest[:middle], [float(part) for part in rest[middle + 1 :]]
    items = tuple(
        ServedItem(part[1:], _TIER_OF[part[0]], propensity)
        for part, propensity in zip(rest, propensities or [1.0] * len(rest), strict=True)
    )
    return Recommendation(tag, user, version, surface, variant, int(offset), items)


def _tag(key: bytes, payload: bytes) -> str:
    digest = hashlib.blake2b(payload, key=key, digest_size=16).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
