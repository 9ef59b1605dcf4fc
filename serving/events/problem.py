"""What is wrong with one event of a request; the others are taken in all the same."""

from __future__ import annotations

from typing import Literal

Kind = Literal["malformed", "invalid", "clock_skew", "recommendation", "forgotten"]
KINDS: tuple[Kind, ...] = ("malformed", "invalid", "clock_skew", "recommendation", "forgotten")


class EventProblem(Exception):  # noqa: N818 - as in RFC 9457
    """An event that is not taken in; the text says what was found and what was expected."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind: Kind = kind
