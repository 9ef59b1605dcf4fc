"""The key that recommendation ids are signed with: one for all processes that read them."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory
from store.recommendation import KEY_BYTES

VARIABLE = "NIGHTSHELF_RECOMMENDATION_KEY"
_PATTERN = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")

log = logging.getLogger("nightshelf.serving")


class SigningKeyError(NightshelfError):
    """A key that is none."""


def signing_key(settings: Settings, environ: Mapping[str, str] = os.environ) -> bytes:
    """32 bytes of `NIGHTSHELF_RECOMMENDATION_KEY`, or else of a file in the namespace's folder.

    The file is made by the first process that looks; several machines need the variable. Where
    nothing can be written the key lasts as long as the process, and the log says so.
    Raises `SigningKeyError` for a key of another form.
    """
    if VARIABLE in environ:
        return _parse(environ[VARIABLE], VARIABLE)
    path = var_directory(settings) / "recommendation.key"
    try:
        return _parse(_read_or_make(path), str(path))
    except OSError as error:
        log.warning(
            "%s: %s; recommendation ids will not be known to other processes, nor after a "
            "restart: set %s to 64 hex digits",
            path,
            error,
            VARIABLE,
        )
        return secrets.token_bytes(KEY_BYTES)


def _read_or_make(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        draft.touch(0o600, exist_ok=False)
        with draft.open("w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # whole, and never over that of a process that was faster
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")


def _parse(text: str, where: str) -> bytes:
    if not _PATTERN.fullmatch(text.strip()):
        raise SigningKeyError(
            f"{where}: found {len(text.strip())} characters; expected {2 * KEY_BYTES} hex digits "
            "in small letters, as of `openssl rand -hex 32`"
        )
    return bytes.fromhex(text.strip())
