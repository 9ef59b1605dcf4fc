"""A file that is read again when it was changed, which is looked for once a second."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from settings.errors import NightshelfError

log = logging.getLogger("nightshelf.access")

T = TypeVar("T")


class WatchedFile(Generic[T]):
    """What *read* makes of the file at *path*.

    A change that cannot be read leaves what was read before, and is logged once: a slip in a file
    must neither lock everybody out nor let anybody in.
    """

    def __init__(self, path: Path, read: Callable[[Path], T], *, empty: T) -> None:
        self._path = path
        self._read = read
        self._seen: object = None
        self.value = empty
        self.refresh()

    def refresh(self) -> bool:
        """Look whether the file is another one; whether there is a new value."""
        seen = self._look()
        if seen == self._seen:
            return False
        try:
            self.value = self._read(self._path)
        except NightshelfError as error:
            log.error("%s; going on with what was read before", error)
            return False
        finally:
            self._seen = seen
        return True

    def _look(self) -> object:
        """What differs between two files; through links, since mounted files are often links."""
        try:
            stat = self._path.stat()
        except OSError as error:
            return f"{error.strerror}"
        return stat.st_ino, stat.st_mtime_ns, stat.st_size
