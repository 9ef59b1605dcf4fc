"""A circuit breaker: a store that stopped answering is not asked again by every request.

M. Nygard, Release It! (2007), chapter 5. Here the poller alone tries whether the store is back, so
that no request has to.
"""

from __future__ import annotations

from typing import Literal

State = Literal["closed", "open"]


class Breaker:
    """Open until the store was reached, and after *limit* failures in a row.

    Threads may count at once: one failure more or less decides nothing.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures = limit
        self.opened = 0  # how often it opened since the store was first reached

    @property
    def is_closed(self) -> bool:
        """Whether the store may be asked."""
        return self._failures < self._limit

    @property
    def state(self) -> State:
        """`closed` while the store may be asked."""
        return "closed" if self.is_closed else "open"

    def succeeded(self) -> None:
        """A trip was answered while the breaker was closed; only failures in a row count."""
        if 0 < self._failures < self._limit:
            self._failures = 0

    def failed(self) -> None:
        """A trip of a request was not answered."""
        if self.is_closed:
            self._failures += 1
            self.opened += not self.is_closed

    def close(self) -> None:
        """The poller reached the store."""
        self._failures = 0

    def open(self) -> None:
        """The poller did not reach the store, or nothing that can be read."""
        if self.is_closed:
            self._failures = self._limit
            self.opened += 1
