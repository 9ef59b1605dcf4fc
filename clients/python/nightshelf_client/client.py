"""`Client`: a method for each question."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar, Unpack

from nightshelf_client.answers import (
    Answer,
    Answers,
    FeatureValues,
    Profile,
    Ranked,
    Ready,
    Taken,
    Versions,
)
from nightshelf_client.decoding import decode
from nightshelf_client.errors import AnswerError, AwayError, problem_of
from nightshelf_client.events import as_event
from nightshelf_client.fallback import Away, Fallback
from nightshelf_client.held import Held, HeldAnswers
from nightshelf_client.question import Wish, as_json, ask_about, ask_user, many, with_query
from nightshelf_client.transport import Response, Transport

T = TypeVar("T")

_OK, _NOT_MODIFIED, _UNAVAILABLE = 200, 304, 503
_TAKEN = (202, 207)
_JSON = {"Content-Type": "application/json"}


class Client:
    """A Nightshelf service at *url*, such as `https://recs.example`, with or without `/v1`.

    Make one for a process: threads share it, and its connections stay open. Every method raises
    `UnreachableError`, `AnswerError` or a `ProblemError`; those with recommendations ask
    *fallback* instead while the service is away (`AwayError`).

    - *key*: an API key or a token, sent as `Authorization: Bearer …`.
    - *timeout_s*: seconds for connecting, and for each wait for more of an answer.
    - *hold*: of how many questions the last answer is held; asked again, only what changed is
      sent (`If-None-Match`). 0 holds none.
    - *keep*: how many idle connections stay open.
    - *tls*: for certificates of your own; the system's are trusted by default.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = 1.0,
        fallback: Fallback | None = None,
        hold: int = 256,
        keep: int = 10,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._transport = Transport(url, timeout_s=timeout_s, keep=keep, tls=tls)
        self._headers = {"Accept": "application/json", "User-Agent": "nightshelf-client"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._fallback = fallback
        self._held = HeldAnswers(hold)

    def recs(self, user_id: str, *, request_id: str | None = None, **wish: Unpack[Wish]) -> Answer:
        """Recommendations for a user; one nobody has heard of gets what is popular.

        *request_id* comes back in logs of the service, as in all methods.
        """
        return self._recommend(ask_user(user_id, wish), user_id, wish, request_id)

    def recs_many(
        self, user_ids: Iterable[str], *, request_id: str | None = None, **wish: Unpack[Wish]
    ) -> list[Answer]:
        """The same for up to 1,000 users in one request; answers are in their order."""
        users = many("user_ids", user_ids)
        body = {"users": users, **as_json(wish)}
        try:
            return list(self._post("/v1/recs", body, Answers, request_id).answers)
        except AwayError as error:
            return [self._fall_back(ask_user(user, wish), user, wish, error) for user in users]

    def session_recs(
        self, items: Iterable[str], *, request_id: str | None = None, **wish: Unpack[Wish]
    ) -> Answer:
        """Recommendations for somebody who looked at *items*, newest first, 1 to 50 of them."""
        target = with_query("/v1/session/recs", wish, many("items", items))
        return self._recommend(target, None, wish, request_id)

    def similar(
        self, item_id: str, *, request_id: str | None = None, **wish: Unpack[Wish]
    ) -> Answer:
        """What is next to an item."""
        target = with_query(ask_about("items", item_id, "/similar"), wish)
        return self._recommend(target, None, wish, request_id)

    def rank(
        self,
        user_id: str | None,
        items: Iterable[str],
        *,
        surface: str | None = None,
        session: Iterable[str] = (),
        request_id: str | None = None,
    ) -> Ranked:
        """The caller's *items*, up to 500, in the best order for a user or, without, a session."""
        body: dict[str, Any] = {"user_id": user_id, "items": many("items", items)}
        body |= {} if surface is None else {"surface": surface}
        body["session"] = many("session", session)
        return self._post("/v1/rank", body, Ranked, request_id)

    def send_events(
        self, events: Iterable[Mapping[str, Any]], *, request_id: str | None = None
    ) -> Taken:
        """Send what users saw and did, up to 500 events, as `POST /events` names their members.

        `event_at` may be a `datetime` with a zone. An action without `event_id` is given one for
        this call, so that one which is sent twice over a broken connection counts once; name it
        to call again after an error. Bad events are in `rejected`, the others are kept; when all
        are bad it is a `ProblemError`.
        """
        body = {"events": [as_event(event) for event in events]}
        data = json.dumps(body, allow_nan=False).encode()
        response = self._send("POST", "/v1/events", request_id, _JSON, data)
        if response.status not in _TAKEN:
            _refuse(response)
        return decode(Taken, _parse(response))

    def profile(self, user_id: str, *, request_id: str | None = None) -> Profile:
        """What the service knows of a user."""
        return self._get(ask_about("users", user_id, "/profile"), Profile, request_id)

    def features(
        self,
        kind: str,
        ids: Iterable[str],
        features: Iterable[str] | None = None,
        *,
        request_id: str | None = None,
    ) -> FeatureValues:
        """Values of the night's feature tables for up to 1,000 ids of a kind; all by default."""
        body: dict[str, Any] = {"kind": kind, "ids": many("ids", ids)}
        body |= {} if features is None else {"features": many("features", features)}
        return self._post("/v1/features", body, FeatureValues, request_id)

    def versions(self, *, request_id: str | None = None) -> Versions:
        """Which version is live, and which others are kept."""
        return self._get("/v1/versions", Versions, request_id)

    def ready(self, *, request_id: str | None = None) -> Ready:
        """Whether there is a list to answer with; `not ready` is an answer, not an error."""
        response = self._send("GET", "/health/ready", request_id)
        if response.status == _UNAVAILABLE:
            return decode(Ready, _parse(response))
        return _read(response, Ready)

    def close(self) -> None:
        """Close the idle connections; the client can still be used."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _recommend(
        self, target: str, user_id: str | None, wish: Wish, request_id: str | None
    ) -> Answer:
        held = self._held.get(target)
        tag = {} if held is None else {"If-None-Match": held.etag}
        try:
            response = self._send("GET", target, request_id, tag)
            if held is not None and response.status == _NOT_MODIFIED:
                return held.answer
            answer = _read(response, Answer)
        except AwayError as error:
            return self._fall_back(target, user_id, wish, error)
        if (etag := response.headers.get("etag")) is not None:
            self._held.put(target, Held(etag, answer))
        return answer

    def _fall_back(self, target: str, user_id: str | None, wish: Wish, error: AwayError) -> Answer:
        if self._fallback is None:
            raise error
        held = self._held.get(target)
        return self._fallback(
            Away(
                user_id=user_id,
                surface=wish.get("surface", ""),
                error=error,
                held=None if held is None else held.answer,
            )
        )

    def _get(self, target: str, kind: type[T], request_id: str | None) -> T:
        return _read(self._send("GET", target, request_id), kind)

    def _post(self, target: str, body: Any, kind: type[T], request_id: str | None) -> T:
        data = json.dumps(body, allow_nan=False).encode()
        return _read(self._send("POST", target, request_id, _JSON, data), kind)

    def _send(
        self,
        method: str,
        target: str,
        request_id: str | None,
        more: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Response:
        headers = {**self._headers, **(more or {})}
        if request_id is not None:
            headers["X-Request-ID"] = request_id
        return self._transport.send(method, target, headers, body)


def _read(response: Response, kind: type[T]) -> T:
    if response.status != _OK:
        _refuse(response)
    return decode(kind, _parse(response))


def _refuse(response: Response) -> NoReturn:
    if response.status >= 400:
        raise problem_of(response.status, response.headers, response.body)
    raise AnswerError(f"found status {response.status}; expected that of the service itself")


def _parse(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        found = response.headers.get("content-type", "no content type")
        raise AnswerError(f"found {found}; expected JSON of the service: {error}") from error
