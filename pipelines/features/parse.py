"""From the text of a query to its tree, and from places in either back to lines of the file."""

from __future__ import annotations

import re

import duckdb
import sqlglot
from sqlglot import exp

MAX_DEPTH = 100  # of brackets in brackets; parsers give up in their own ways far beyond
MAX_CHARACTERS = 50_000  # ten times what the longest file has
# Texts and comments, in which brackets mean nothing, else a bracket.
_BRACKETS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|([(\[{])|([)\]}])", re.DOTALL)
_LINE = re.compile(r"\bLINE (\d+):")


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
        statements = [s for s in sqlglot.parse(sql, read="duckdb") if s is not None]
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
        raise QueryError(error_line(error), f"not valid SQL: {error}") from None
    if kinds != ["SELECT"] or len(statements) != 1 or not isinstance(statements[0], exp.Query):
        line = line_of(statements[0]) if statements else 1
        raise QueryError(line, f"expected exactly one SELECT statement, found {kinds}")
    return statements[0]


def line_of(node: exp.Expression) -> int:
    """Line on which *node* begins; that of what is around it where the parser does not know."""
    at: exp.Expression | None = node
    while at is not None:
        for inner in at.walk():
            if "line" in inner.meta:
                return int(inner.meta["line"])
        at = at.parent
    return 1


def error_line(error: Exception) -> int:
    """The line that a message of DuckDB names, else 1."""
    found = _LINE.search(str(error))
    return int(found[1]) if found else 1


def _check_depth(sql: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(sql):
        depth += bool(match[1]) - bool(match[2])
        if depth > MAX_DEPTH:
            raise QueryError(sql.count("\n", 0, match.start()) + 1, _too_deep("brackets"))


def _too_deep(what: str) -> str:
    return f"{what} more than {MAX_DEPTH} deep; take the query apart into common table expressions"
