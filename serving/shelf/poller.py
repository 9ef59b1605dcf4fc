"""A thread a process that follows the store, once a second, and survives whatever it finds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import redis

from serving.lists.static_lists import save_static
from serving.shelf.read_snapshot import NothingLiveError
from serving.shelf.shelf import Shelf
from settings.errors import NightshelfError
from store.connection import hide_password

LATE_POLLS = 10  # of at least a second each: the thread hangs or is gone

log = logging.getLogger("nightshelf.serving")


class Poller:
    """Keeps a shelf's snapshot fresh and the static file of its last version on disk."""

    def __init__(self, shelf: Shelf, *, every_s: float, static_path: Path) -> None:
        self._shelf = shelf
        self._every_s = every_s
        self._static_path = static_path
        self.each_poll: list[Callable[[], None]] = []  # what else is done each time
        self.looked_at = time.monotonic()  # when a look at the store last ended, in seconds
        self._unsaved = False
        self.is_empty = False  # whether the store was reached and has nothing to show
        self._trouble = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Poll once, so that the first request finds a snapshot, then go on in a thread.

        Whatever the first look finds, the process starts: it answers from the lists held here.
        """
        self.poll()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._ended.set()
        self._thread.join()

    def poll(self) -> None:
        """Look once; whatever stands against it is noted and not raised.

        A version may be damaged in ways that nobody thought of: the next one must still be seen.
        """
        trouble = self._look()
        self.looked_at = time.monotonic()
        if self._unsaved:
            trouble = trouble or self._save()
        self._note(trouble)
        for call in self.each_poll:
            try:
                call()
            except Exception:  # whatever it is, the thread goes on
                log.exception("a part of the poll failed")

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self.poll()

    @property
    def is_late(self) -> bool:
        """Whether the last look at the store was too long ago, so that news are not seen."""
        return time.monotonic() - self.looked_at > LATE_POLLS * max(self._every_s, 1)

    def _look(self) -> str:
        """What stands against a look at the store; nothing: the empty text."""
        self.is_empty = False
        try:
            if self._shelf.refresh():
                self._unsaved = True
        except NothingLiveError as error:
            self.is_empty = True
            self._shelf.breaker.open()
            return str(error)
        except (redis.RedisError, OSError, NightshelfError) as error:
            self._shelf.breaker.open()
            return hide_password(str(error))
        except Exception as error:  # of whatever the version is made
            self._shelf.breaker.open()
            return f"the live version cannot be read: {error!r}"
        return ""

    def _save(self) -> str:
        """What stands against saving the static lists, as `_look` says it."""
        try:
            save_static(self._static_path, self._shelf.static)
        except Exception as error:
            return f"the static lists cannot be saved: {error!r}"
        self._unsaved = False
        return ""

    def _note(self, trouble: str) -> None:
        """Log a change of *trouble*, not its repetition every second."""
        if trouble and trouble != self._trouble:
            log.warning("store: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("store: reached again")
        self._trouble = trouble
