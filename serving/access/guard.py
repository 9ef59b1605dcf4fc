"""Stands before every route: who calls, may they, and not too often."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import os
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from flask import Flask, Response, g, request
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from serving.access.credentials import Doorkeeper, NoCredentialsError
from serving.access.exchange import Exchange
from serving.access.files import WatchedFile
from serving.access.identity import CredentialsError, Identity
from serving.access.keys import KeyRecord, read_keys
from serving.access.limits import Limiter, Verdict
from serving.access.loopback import SAFE_METHODS, why_not_local, why_not_taken
from serving.access.settings import AccessSettings, RateLimitSettings, keys_file
from serving.access.tokens import open_verifier
from serving.admin.audit import note_answered, note_begun
from serving.manners.cors import CorsSettings
from serving.routes import RIGHTS, RouteClass, classes_of
from settings import ProjectSettings, Settings
from store.audit import AuditLog, audit_file
from store.connection import StoreSettings, connect_primary

log = logging.getLogger("nightshelf.access")

Kind = Literal["key", "user"]
EXTENSION = "nightshelf-access"
CHALLENGE = 'Bearer realm="nightshelf"'
LONGEST_CALLER = 300  # characters that a limiter keeps of each


class Pages(NamedTuple):
    """Who may send events while access control is off."""

    origins: frozenset[str] = frozenset()  # pages of these, from this computer
    is_public: bool = False  # and anybody: a gateway checks who calls


class Guard:
    """What is asked before a request; `poll` once a second keeps it up to date."""

    def __init__(
        self,
        classes: Mapping[str, RouteClass],
        doorkeeper: Doorkeeper | None,
        limiters: Mapping[str, Limiter],
        exchange: Exchange | None,
        audit: AuditLog,
        pages: Pages,
    ) -> None:
        self._classes = classes
        self._doorkeeper = doorkeeper
        self._limiters = limiters
        self._exchange = exchange
        self._audit = audit
        self._pages = pages

    def poll(self) -> None:
        """Read changed files, and trade counts with the other processes."""
        if self._doorkeeper is not None:
            self._doorkeeper.refresh()
        if self._exchange is not None:
            self._exchange.trade()

    def authorize(self) -> None:
        """Raise the problem that stands against the request, if one does.

        An unknown path is a 404 for everybody; `OPTIONS` is what a browser asks before it sends a
        key, and tells only methods.
        """
        if request.endpoint is None or request.method == "OPTIONS":
            return
        route = self._classes.get(request.endpoint, "admin")
        if route == "open":
            return
        self.admit(route)
        if "user" in self._limiters:
            user_id = (request.view_args or {}).get("user_id")
            if user_id is not None:
                self._limit("user", user_id)
        if route == "admin" and request.method not in SAFE_METHODS:
            note_begun(self._audit)

    @property
    def asks_for_keys(self) -> bool:
        """Whether access control is on."""
        return self._doorkeeper is not None

    def admit(self, route: RouteClass) -> None:
        """Raise the problem that stands against the request, were its route of that class."""
        if self._doorkeeper is None:
            self._check_local(route)
        else:
            self._check(route, self._doorkeeper)

    def limit_user(self, user_id: str) -> None:
        """Count a request for *user_id*, which does not stand in its path."""
        self._limit("user", user_id)

    @property
    def counts_requests(self) -> bool:
        """Whether requests are limited, so that each has to be counted once."""
        return bool(self._limiters)

    def lets_pass(self, endpoint: str, environ: Mapping[str, Any]) -> bool:
        """Whether a request to read from *endpoint* is allowed, where nothing is limited.

        Why it is not, `authorize` says.
        """
        route = self._classes[endpoint]
        if route != "read":
            return False
        if self._doorkeeper is None:
            return True
        try:
            identity = self._doorkeeper.identify(environ.get("HTTP_AUTHORIZATION"))
        except CredentialsError:
            return False
        return route in RIGHTS[identity.role]

    def close_book(self, response: Response) -> Response:
        """Note how an administrator's request ended."""
        note_answered(self._audit, response)
        return response

    def _check_local(self, route: RouteClass) -> None:
        """Access control is off: what administers is for this computer alone."""
        self._limit_address()
        why = None
        if route == "admin":
            why = why_not_local(request.environ)
        elif route == "write-events":
            origins, is_public = self._pages
            why = why_not_taken(request.environ, origins, is_public=is_public)
        if why is not None:
            log.warning("%s refused: %s", request.endpoint, why)
            raise Forbidden(
                f"This route answers requests of its own computer only, and {why}. "
                "Switch access control on to use it from elsewhere."
            )

    def _check(self, route: RouteClass, doorkeeper: Doorkeeper) -> None:
        try:
            identity = doorkeeper.identify(request.environ.get("HTTP_AUTHORIZATION"))
        except CredentialsError as error:
            self._limit_address()  # who guesses waits, too
            raise _AskForKey(error) from None
        self._limit("key", identity.subject)
        if route not in RIGHTS[identity.role]:
            log.warning("%s refused to %s", request.endpoint, _for_logs(identity))
            raise _forbidden(identity, route)
        g.identity = identity

    def _limit_address(self) -> None:
        if "key" in self._limiters:
            self._limit("key", _address())

    def _limit(self, kind: Kind, caller: str) -> None:
        limiter = self._limiters.get(kind)
        if limiter is None:
            return
        verdict = limiter.take(caller if len(caller) <= LONGEST_CALLER else _digest(caller))
        g.verdicts = {**g.get("verdicts", {}), kind: verdict}
        if not verdict.allowed:
            raise TooManyRequests(
                f"More than {verdict.limit.requests} requests in {verdict.limit.window} s.",
                retry_after=math.ceil(verdict.wait),
            )


def guard(app: Flask, settings: Settings, environ: Mapping[str, str] | None = None) -> Guard:
    """Put a guard before every route that *app* has by now, and tell callers their limits.

    Raises `UnclassedRouteError` for a route that is not in the table, `TokenSettingsError` for
    tokens without a secret.
    """
    access = settings.read(AccessSettings)
    doorkeeper = None
    if access.enabled:
        found = os.environ if environ is None else environ
        file: WatchedFile[Mapping[str, KeyRecord]] = WatchedFile(
            keys_file(settings), read_keys, empty={}
        )
        tokens = None if access.jwt is None else open_verifier(settings, access.jwt, found)
        doorkeeper = Doorkeeper(file, tokens)
    limiters = _limiters(access.limits)
    exchange = _exchange(settings, limiters) if limiters else None
    audit = AuditLog(audit_file(settings))
    pages = Pages(frozenset(settings.read(CorsSettings).origins), access.public)
    made = Guard(classes_of(app), doorkeeper, limiters, exchange, audit, pages)
    app.before_request(made.authorize)
    app.after_request(made.close_book)
    if limiters:
        app.after_request(_tell_limits)
    app.extensions[EXTENSION] = made
    return made


def guard_of(app: Flask) -> Guard:
    """The guard of *app*, whose `poll` a poller calls."""
    found: Guard = app.extensions[EXTENSION]
    return found


def _limiters(limits: RateLimitSettings) -> dict[str, Limiter]:
    chosen: dict[str, Limiter] = {}
    if limits.per_key is not None:
        chosen["key"] = Limiter(limits.per_key, limits.tracked)
    if limits.per_user is not None:
        chosen["user"] = Limiter(limits.per_user, limits.tracked)
    return chosen


def _exchange(settings: Settings, limiters: Mapping[str, Limiter]) -> Exchange:
    client = connect_primary(settings.read(StoreSettings))  # opened by the first trip
    return Exchange(client, settings.read(ProjectSettings).namespace, limiters)


def _address() -> str:
    """The client as limits count it: of IPv6 its network, since one client has 2⁶⁴ addresses."""
    given = request.environ.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(given.partition("%")[0])
    except ValueError:
        return f"address:{given}"
    if address.version == 6 and address.ipv4_mapped is None:
        return f"address:{ipaddress.ip_network((address, 64), strict=False)}"
    return f"address:{address}"


def _digest(text: str) -> str:
    """What stands for a *text* that would cost memory."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _for_logs(identity: Identity) -> str:
    """Who it is, where no people stand: a key by its id, of tokens only that it was one."""
    kind = identity.subject.partition(":")[0]
    return identity.subject if kind == "key" else f"a token with the role {identity.role}"


class _AskForKey(Unauthorized):
    """401, with the challenge of RFC 6750 in quotes, as its readers expect it."""

    def __init__(self, error: CredentialsError) -> None:
        super().__init__(str(error))
        self._is_wrong = not isinstance(error, NoCredentialsError)

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        challenge = CHALLENGE + (', error="invalid_token"' if self._is_wrong else "")
        return [*super().get_headers(*args, **kwargs), ("WWW-Authenticate", challenge)]


def _forbidden(identity: Identity, route: RouteClass) -> Forbidden:
    return Forbidden(
        f"{identity.name} has the role {identity.role}; this route is for: "
        f"{', '.join(role for role, classes in RIGHTS.items() if route in classes)}."
    )


def _tell_limits(response: Response) -> Response:
    """The fields of draft-ietf-httpapi-ratelimit-headers-10."""
    verdicts: Mapping[Kind, Verdict] = g.get("verdicts", {})
    if verdicts:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{kind}";q={v.limit.requests};w={v.limit.window}' for kind, v in verdicts.items()
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{kind}";r={v.remaining};t={math.ceil(v.reset)}' for kind, v in verdicts.items()
        )
    return response
