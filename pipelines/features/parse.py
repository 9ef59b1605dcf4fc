"""From the text of a query to its tree, and from places in either back to lines of the file."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import Any

import duckdb
import sqlglot
from sqlglot import TokenType, exp

MAX_DEPTH = 100  # of brackets in brackets; parsers give up in their own ways far beyond
MAX_CHARACTERS = 50_000  # ten times what the longest file has
# Texts and comments, in which brackets mean nothing, else a bracket.
_BRACKETS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|([(\[{])|([)\]}])", re.DOTALL)
_LINE = re.compile(r"\bLINE (\d+):")
_AGO = re.compile(r"\bago\b", re.IGNORECASE)
_DIALECT = sqlglot.Dialect.get_or_raise("duckdb")


class QueryError(Exception):
    """What is wrong with a query, and the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse_select(sql: str) -> exp.Query:
    """The one `select` of *sql*.

    Two parsers read it, ours and DuckDB's, and must find the same: what one of them takes
    for a comment, the other may run.

    Raises `QueryError` when it is anything else.
    """
    if len(sql) > MAX_CHARACTERS:
        raise QueryError(1, f"{len(sql)} characters; a file has at most {MAX_CHARACTERS}")
    _check_depth(sql)
    try:
        tokens = tokens_of(sql)
        _check_spans(tokens)
        parsed = _DIALECT.parser().parse(tokens, sql)
        statements = [statement for statement in parsed if statement is not None]
        kinds = [str(s.type).rpartition(".")[2] for s in duckdb.extract_statements(sql)]
    except RecursionError:
        raise QueryError(1, _too_deep("operators")) from None
    except sqlglot.errors.ParseError as error:
        problem = error.errors[0] if error.errors else {}
        raise QueryError(
            problem.get("line") or 1,
            f"not valid SQL: {problem.get('description', error)} "
            f"near {problem.get('highlight', '')!r}",
        ) from None
    except (sqlglot.errors.TokenError, duckdb.Error) as error:
        raise _not_sql(sql, error) from None
    if kinds != ["SELECT"] or len(statements) != 1 or not isinstance(statements[0], exp.Query):
        line = line_of(statements[0]) if statements else 1
        raise QueryError(line, f"expected exactly one SELECT statement, found {kinds}")
    return statements[0]


def tokens_of(sql: str) -> list[Any]:
    """Tokens of *sql*, their lines counted from its text.

    The tokenizer looks ahead at each `$`, which may begin a quoted text, and does not take back
    the lines that it passed on the way; the places in the text are right.
    """
    tokens: list[Any] = _DIALECT.tokenize(sql)
    ends = [match.start() for match in re.finditer("\n", sql)]
    for token in tokens:
        token.line = bisect_left(ends, token.start) + 1
    return tokens


def line_of(node: exp.Expression) -> int:
    """Line on which *node* begins; that of what is around it where the parser does not know."""
    at: exp.Expression | None = node
    while at is not None:
        lines = [int(inner.meta["line"]) for inner in at.walk() if "line" in inner.meta]
        if lines:
            return min(lines)
        at = at.parent
    return 1


def error_line(error: Exception) -> int:
    """The line that a message of DuckDB names, else 1."""
    found = _LINE.search(str(error))
    return int(found[1]) if found else 1


def _not_sql(sql: str, error: Exception) -> QueryError:
    """What DuckDB says of *sql* where it has something to say: it names the line."""
    try:
        duckdb.extract_statements(sql)
    except duckdb.Error as named:
        error = named
    message = str(error).partition("\n\nLINE")[0].strip()
    return QueryError(error_line(error), f"not valid SQL: {message}")


def _check_depth(sql: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(sql):
        depth += bool(match[1]) - bool(match[2])
        if depth > MAX_DEPTH:
            raise QueryError(sql.count("\n", 0, match.start()) + 1, _too_deep("brackets"))


def _check_spans(tokens: list[Any]) -> None:
    """Refuses `interval '7 days ago'`: the parser drops the word, and DuckDB counts back."""
    for token, text in pairwise(tokens):
        is_span = token.token_type == TokenType.INTERVAL and text.token_type == TokenType.STRING
        if is_span and _AGO.search(text.text):
            message = f"interval '{text.text}' counts back; write it without ago, and subtract it"
            raise QueryError(text.line, message)


def _too_deep(what: str) -> str:
    return f"{what} more than {MAX_DEPTH} deep; take the query apart into common table expressions"
