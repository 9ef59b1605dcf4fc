"""The pages that people read, their fenced blocks and their links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the page that it stands on, its language and its text."""

    page: str
    language: str
    text: str


def page_paths() -> list[Path]:
    """Every Markdown page at the top and below docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def everything() -> str:
    """All pages in one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in page_paths())


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of *languages* on all pages."""
    return [
        Block(path.relative_to(ROOT).as_posix(), language, text)
        for path in page_paths()
        for language, text in FENCE.findall(path.read_text(encoding="utf-8"))
        if language in languages
    ]


def shell_lines() -> list[tuple[str, str]]:
    """(page, command) of every line of a shell block; continued lines are one."""
    found = []
    for block in blocks("sh", ""):
        joined = block.text.replace("\\\n", " ")
        found += [(block.page, line.partition(" # ")[0].strip()) for line in joined.splitlines()]
    return [(page, line) for page, line in found if line]


def headings(text: str) -> set[str]:
    """Anchors of the headings of *text*, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in plain}
