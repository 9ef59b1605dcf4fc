"""What is wrong with SQL files: each problem has a place, and all are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from settings.errors import NightshelfError


@dataclass(frozen=True, order=True)
class Problem:
    """A broken rule, or with *is_note* a remark that refuses nothing."""

    path: Path
    line: int  # from 1
    message: str
    is_note: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {'note: ' if self.is_note else ''}{self.message}"


class SqlFileError(NightshelfError):
    """A SQL file breaks a rule; the message names file, line, rule and what to do."""

    problems: tuple[Problem, ...] = ()

    @classmethod
    def listing(cls, problems: Iterable[Problem]) -> SqlFileError:
        """The error that tells *problems*, a line each."""
        found = tuple(problems)
        error = cls("\n".join(map(str, found)))
        error.problems = found
        return error


def near_or_known(name: str, known: Sequence[str]) -> str:
    """Which of *known* was meant by *name*, else all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def counted(number: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
