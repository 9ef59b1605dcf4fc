"""SQL as HTML: coloured, every table a link; nothing of the text is lost and all is escaped."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<quoted>\"(?:[^\"]|\"\")*\")"
    r"|(?P<moment>\$\w+)"
    r"|(?P<number>\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\b)"
    r"|(?P<word>[^\W\d]\w*)",
    re.DOTALL | re.IGNORECASE,
)
_WORDS = """
all and any as asc asof between by case cast cross current day desc distinct else end except
exclude exists false filter first following from full group grouping having hour ilike in inner
intersect interval is join last lateral left like limit minute month natural not null nulls offset
on or order outer over partition preceding qualify range recursive right row rows select sets
similar then to true unbounded union unnest using values week when where window with within year
"""
_KEYWORDS = frozenset(_WORDS.split())


def highlight(sql: str, tables: Collection[str]) -> str:
    """*sql* as HTML for a `<pre>`; words that are *tables* lead to their place on the page."""
    parts, end = [], 0
    for match in _TOKEN.finditer(sql):
        parts.append(escape(sql[end : match.start()]))
        parts.append(_mark(match, sql, tables))
        end = match.end()
    return "".join([*parts, escape(sql[end:])])


def _mark(match: re.Match[str], sql: str, tables: Collection[str]) -> str:
    text = match.group()
    kind = match.lastgroup or ""
    if kind == "word":
        return _mark_word(text, tables, is_called=sql[match.end() :].lstrip().startswith("("))
    return f'<span class="{kind}">{escape(text)}</span>'


def _mark_word(word: str, tables: Collection[str], *, is_called: bool) -> str:
    if word.lower() in _KEYWORDS:
        return f'<span class="keyword">{escape(word)}</span>'
    if word in tables and not is_called:
        return f'<a href="#{escape(word)}">{escape(word)}</a>'
    return f'<span class="called">{escape(word)}</span>' if is_called else escape(word)
