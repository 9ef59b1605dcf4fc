"""Passwords: read from a file at every login, and never shown."""

from __future__ import annotations

import re
from pathlib import Path

from redis.credentials import CredentialProvider

from settings.errors import NightshelfError


class PasswordFileError(NightshelfError):
    """The file that should hold a password cannot be read, or holds none."""


class FilePassword(CredentialProvider):
    """Logs in with what a file holds at that moment: a new password needs no restart."""

    def __init__(self, username: str | None, path: str) -> None:
        self._username = username
        self._path = Path(path)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """User name, if there is one, and password."""
        password = read_password(self._path)
        return (self._username, password) if self._username else (password,)


def read_password(path: Path) -> str:
    """The first line of *path*; raises `PasswordFileError` when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise PasswordFileError(f"password file {path}: not UTF-8 text") from None
    except OSError as error:
        raise PasswordFileError(
            f"password file {path}: cannot be read ({error.strerror}); expected one line"
        ) from None
    if not lines or not lines[0]:
        raise PasswordFileError(f"password file {path}: empty; expected one line")
    return lines[0]


def hide_password(text: str) -> str:
    """*text* with the password of every URL in it replaced by `***`."""
    text = re.sub(r"(\w+://[^\s/@:]*):[^\s@]*@", r"\1:***@", text)
    return re.sub(r"([?&]password=)[^&\s]*", r"\1***", text)
