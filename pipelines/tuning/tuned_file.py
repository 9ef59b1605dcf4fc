"""The file of tuned values beside the settings file: written by studies, read with the settings.

It holds one block a table, the comment above it saying where its values come from. A block
is replaced whole, or taken out when its study keeps the defaults; the others stay as they are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.files import replacing
from pipelines.tuning.study import Outcome
from pipelines.tuning.window import TuningError

_HEADER = """\
# Written by `python -m pipelines tune`; do not edit, the next study writes over it.
# The same key in {settings}, or in the environment, wins over the one here.
"""
_TABLE = re.compile(r"^\[([a-z0-9_.]+)\]$", re.MULTILINE)


def write_tuned(path: Path, outcome: Outcome, settings_file: str) -> bool:
    """Puts what *outcome* chose into the file *path*, or takes out what an earlier study chose.

    Gives whether the file was changed. Raises `TuningError` when it was edited by hand, or
    cannot be written.
    """
    table = ".".join(outcome.subject.where)
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        blocks = _read_blocks(path, text)
        if table not in blocks and not outcome.after:
            return False
        blocks.pop(table, None)
        if outcome.after:
            blocks[table] = _block(table, outcome)
        parts = [_HEADER.format(settings=settings_file), *(blocks[t] for t in sorted(blocks))]
        with replacing(path) as beside:
            beside.write_text("\n".join(parts), encoding="utf-8")
    except OSError as error:
        raise TuningError(
            f"{path}: cannot be written ({error.strerror}); make its folder writable and run the "
            "same command again: the study is kept, nothing is searched twice"
        ) from None
    return True


def tuned_keys(tables: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The place of every value in *tables*: section, key, …"""
    keys: list[tuple[str, ...]] = []
    for name, value in tables.items():
        where = (*above, name)
        keys += tuned_keys(value, where) if isinstance(value, Mapping) else [where]
    return keys


def _read_blocks(path: Path, text: str) -> dict[str, str]:
    """Table → its lines, with the comment above them."""
    blocks = {}
    for part in re.split(r"\n\n+", text.strip("\n")):
        for table in _TABLE.findall(part):
            blocks[table] = f"{part}\n"
    if not _is_whole(blocks, text):
        raise TuningError(
            f"{path} was edited by hand; move your values to the settings file, where they win, "
            "and delete this one"
        )
    return blocks


def _is_whole(blocks: Mapping[str, str], text: str) -> bool:
    """Whether *blocks*, one a table, are all that *text* says."""
    try:
        together = tomllib.loads("\n".join(dict.fromkeys(blocks.values())))
        return together == tomllib.loads(text) and len(set(blocks.values())) == len(blocks)
    except tomllib.TOMLDecodeError:
        return False


def _block(table: str, outcome: Outcome) -> str:
    begin, end = (f"{moment:%Y-%m-%d}" for moment in outcome.window)
    verdict = outcome.verdict
    before = outcome.trials[0].values
    lines = [
        f"# Study {outcome.study}, {outcome.made_at.isoformat(sep=' ')} UTC, trial "
        f"{outcome.best.number} of {len(outcome.trials)}.",
        f"# Judged on {begin} … {end}, {verdict.users if verdict else 0} users: "
        f"{verdict.sentence if verdict else ''}.",
        f"[{table}]",
        *(f"{name} = {value}  # was {before[name]}" for name, value in outcome.after.items()),
    ]
    return "\n".join(lines) + "\n"
