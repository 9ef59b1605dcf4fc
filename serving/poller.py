"""A thread a process that follows the store, once a second, and survives whatever it finds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import redis

from serving.shelf import Shelf
from serving.static_lists import save_static
from settings.errors import NightshelfError
from store.connection import hide_password

log = logging.getLogger("nightshelf.serving")


class Poller:
    """Keeps a shelf's snapshot fresh and the static file of its last version on disk."""

    def __init__(self, shelf: Shelf, *, every_s: float, static_path: Path) -> None:
        self._shelf = shelf
        self._every_s = every_s
        self._static_path = static_path
        self.each_poll: list[Callable[[], None]] = []  # what else is done each time
        self._unsaved = False
        self._trouble = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Poll once, so that the first request finds a snapshot, then go on in a thread."""
        self.poll()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._ended.set()
        self._thread.join()

    def poll(self) -> None:
        """Look once; a store that does not answer, or has nothing, is noted and not raised."""
        try:
            if self._shelf.refresh():
                self._unsaved = True
            self._note("")
        except (redis.RedisError, OSError, NightshelfError) as error:
            self._shelf.breaker.open()
            self._note(hide_password(str(error)))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            self._shelf.breaker.open()
            self._note(f"the live version cannot be read: {error!r}")
        if self._unsaved:
            self._save()
        for call in self.each_poll:
            try:
                call()
            except Exception:  # whatever it is, the thread goes on
                log.exception("a part of the poll failed")

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self.poll()

    def _save(self) -> None:
        try:
            save_static(self._static_path, self._shelf.static)
            self._unsaved = False
        except OSError as error:
            self._note(f"the static lists cannot be saved: {error}")

    def _note(self, trouble: str) -> None:
        """Log a change of *trouble*, not its repetition every second."""
        if trouble and trouble != self._trouble:
            log.warning("store: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("store: reached again")
        self._trouble = trouble
