"""From a checked wish to a response: look up, fill, write, and what the headers say."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple

import redis
from flask import Response, g, request
from werkzeug.http import parse_etags

from serving.lists.answer import identify, write_answer
from serving.lists.explanation import Explanation
from serving.lists.provenance import Provenance
from serving.lists.rules import apply_rules, load_rules
from serving.lists.session import followed
from serving.lists.tiers import Filled, Supply, fill
from serving.lists.wish import Wish
from serving.manners.lean import LeanResponse
from serving.settings import ServingSettings, Tier
from serving.shelf.on_shelf import OnShelf
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot
from serving.sight.served import Served, user_kind

log = logging.getLogger("nightshelf.serving")

JSON = "application/json"
NO_SURFACE = "(none)"  # in metrics, before any surface is known
FORMAT = 2  # of answers: tags of another one hold no longer
AT_ONCE = 32  # answers of a batch that are written before other requests have their turn


class Answered(NamedTuple):
    """What goes out, before the manners that all answers have."""

    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes
    served: Served | None  # None: nothing that the caller did not have


class Answering:
    """Answers wishes from *shelf*, as the settings say; ids are signed with *key*."""

    def __init__(self, shelf: Shelf, settings: ServingSettings, key: bytes) -> None:
        self._shelf = shelf
        self._settings = settings
        self._key = key
        self._rules = load_rules(settings.rules)
        self.each_answer: Callable[[Wish, Filled, Provenance], None] | None = None  # of one wish

    def respond(self, asked: Wish) -> Response:
        """The response to one wish; 304 where the caller has it already."""
        answered = self.answer(asked, request.environ.get("HTTP_IF_NONE_MATCH"))
        if answered.served is not None:
            g.served = answered.served
        return LeanResponse([answered.body], answered.status, answered.headers)

    def answer(self, asked: Wish, if_none_match: str | None) -> Answered:
        """The answer to one wish, outside of any request; 304 if a tag given is that of now."""
        started = time.perf_counter()
        wish, tiers, applied = apply_rules(self._rules, asked, self._settings.tiers)
        supply = self._look_up(wish)
        found = supply.found
        looked_up = time.perf_counter()
        provenance, is_stale = self._provenance(supply)
        headers = [
            ("X-Recs-Version", provenance.version or "none"),
            ("Cache-Control", "private, no-cache"),
        ]
        tag = _tag(supply, wish, tiers, applied, is_stale=is_stale)
        body, status, served = "", HTTPStatus.OK, None
        if None not in (tag, if_none_match) and parse_etags(if_none_match).contains_weak(str(tag)):
            status = HTTPStatus.NOT_MODIFIED
        else:
            filled, body = self._write(wish, tiers, applied, supply, provenance, is_stale=is_stale)
            if self.each_answer is not None:
                self.each_answer(wish, filled, provenance)
            tier = filled[0][0] if filled else tiers[-1]
            headers += (("Content-Type", JSON), ("X-Recs-Tier", tier))
            user = user_kind(wish.user_id, is_known=found.is_known)
            surface = wish.surface if supply.snapshot is not None else NO_SURFACE
            served = Served(surface, tier, user, len(filled), wish.n)
        # What lacks something must not be taken for the whole answer later.
        if tag is not None and not found.lacks and self._shelf.is_available:
            headers.append(("ETag", f'W/"{tag}"'))  # of the meaning: gzip or not
        headers.append(("Server-Timing", _timing(started, looked_up, time.perf_counter())))
        return Answered(status, headers, body.encode("utf-8", "backslashreplace"), served)

    def respond_all(self, wishes: Sequence[Wish]) -> Response:
        """One response with the answers to *wishes*, which differ in their user alone."""
        started = time.perf_counter()
        snapshot = self._shelf.snapshot
        found = self._look_up_all(snapshot, wishes)
        looked_up = time.perf_counter()
        texts = []
        provenance = self._shelf.static.provenance
        for place, (asked, on_shelf) in enumerate(zip(wishes, found, strict=True)):
            wish, tiers, applied = apply_rules(self._rules, asked, self._settings.tiers)
            supply = Supply(self._shelf, snapshot, on_shelf)
            provenance, is_stale = self._provenance(supply)
            _, text = self._write(wish, tiers, applied, supply, provenance, is_stale=is_stale)
            texts.append(text)
            if place % AT_ONCE == AT_ONCE - 1:
                time.sleep(0)  # a thousand answers are many milliseconds
        headers = {
            "X-Recs-Version": provenance.version or "none",
            "Cache-Control": "private, no-store",
            "Content-Type": JSON,
            "Server-Timing": _timing(started, looked_up, time.perf_counter()),
        }
        return Response(f'{{"answers": [{", ".join(texts)}]}}', HTTPStatus.OK, headers)

    def _provenance(self, supply: Supply) -> tuple[Provenance, bool]:
        provenance = (supply.snapshot or self._shelf.static).provenance
        return provenance, provenance.is_stale(self._settings.stale_after, datetime.now(UTC))

    def _look_up(self, wish: Wish) -> Supply:
        snapshot = self._shelf.snapshot
        found = OnShelf(session=wish.session)
        if snapshot is not None and wish.user_id is not None:
            try:
                found = self._shelf.fetch(
                    snapshot, wish.surface, wish.user_id, explain=wish.explain
                )
            except (redis.RedisError, OSError) as error:
                self._give_up(error)
                found.lacks = True
        return Supply(self._shelf, snapshot, found)

    def _look_up_all(self, snapshot: Snapshot | None, wishes: Sequence[Wish]) -> list[OnShelf]:
        """What the store has for every user, in one trip, and in one more what is next to items."""
        nothing = [OnShelf() for _ in wishes]
        if snapshot is None:
            return nothing
        users = [wish.user_id or "" for wish in wishes]
        surface, explain = wishes[0].surface, wishes[0].explain
        try:
            found = self._shelf.fetch_many(snapshot, surface, users, explain=explain)
            if "session" in self._settings.tiers:
                wanted = wishes[0].offset + wishes[0].n
                short = [one for one in found if one.is_short(wanted)]
                items = {item for one in short for item in followed(one.last_items)}
                similar = self._shelf.fetch_similar(snapshot, sorted(items))
                for one in found:
                    one.similar = similar
        except (redis.RedisError, OSError) as error:
            self._give_up(error)
            return nothing
        return found

    def _write(
        self,
        wish: Wish,
        tiers: Sequence[Tier],
        applied: Sequence[str],
        supply: Supply,
        provenance: Provenance,
        *,
        is_stale: bool,
    ) -> tuple[Filled, str]:
        filled = self._fill(supply, wish, tiers)
        explanations = self._explanations(supply, wish) if wish.explain else None
        last_tier = tiers[-1]
        text = write_answer(
            wish,
            filled,
            provenance,
            last_tier,
            explanations,
            recommendation_id=identify(self._key, wish, filled, provenance),
            is_stale=is_stale,
            rules=applied,
        )
        return filled, text

    def _fill(self, supply: Supply, wish: Wish, tiers: Sequence[Tier]) -> Filled:
        try:
            return fill(tiers, supply, wish)
        except (redis.RedisError, OSError) as error:  # of a cold catalogue block
            self._give_up(error)
            supply.found.lacks = True
        return fill(tiers, Supply(self._shelf, supply.snapshot, OnShelf()), wish)

    def _give_up(self, error: Exception) -> None:
        """Let the requests to come answer without the store once that happened too often.

        A store that answers with an error is there.
        """
        if not isinstance(error, redis.ResponseError):
            self._shelf.breaker.failed()
        log.warning("store: %s; answering without it", error)

    def _explanations(self, supply: Supply, wish: Wish) -> Mapping[str, Explanation]:
        """Item id → explanation, of the own list; empty for a user whom nobody explained."""
        if supply.snapshot is None or not supply.found.explained:
            return {}
        try:
            return self._shelf.explain(supply.snapshot, wish.surface, supply.found)
        except (redis.RedisError, OSError) as error:  # of a cold catalogue block
            self._give_up(error)
            supply.found.lacks = True
            return {}


def _tag(
    supply: Supply, wish: Wish, tiers: Sequence[Tier], rules: Sequence[str], *, is_stale: bool
) -> str | None:
    """The same for the same answer, from what decides it; None while the store does not answer.

    The night's lists never change within a version, so that its name stands for them; a list
    refreshed since has a digest.
    """
    snapshot, found = supply.snapshot, supply.found
    if snapshot is None or not supply.shelf.is_available:
        return None
    has = [found.is_known, found.is_short(1), found.recent, supply.shelf.hidden_tag]
    if found.refreshed:
        has.append(found.refreshed)
    said = repr((FORMAT, snapshot.pointer.version, wish.as_key(), tiers, rules, has, is_stale))
    return hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def _timing(started: float, looked_up: float, ended: float) -> str:
    store, total = 1000 * (looked_up - started), 1000 * (ended - started)
    return f"store;dur={store:.2f}, fill;dur={total - store:.2f}, total;dur={total:.2f}"
