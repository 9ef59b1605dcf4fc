"""One SQL file: its header, its statement, and the tables that the statement reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from sqlglot import exp

from pipelines.features import rules
from pipelines.features.header import Header, split_header
from pipelines.features.parse import QueryError, line_of, parse_select
from pipelines.features.problems import Problem, SqlFileError
from pipelines.features.row_orders import missing_orders
from pipelines.features.windows import EVENTS, unbounded_reads

GRAINS = ("user", "item", "user_item", "label")  # folders; the others hold staging SQL
_RULES = (
    rules.other_statements,
    rules.hidden_columns,
    rules.chance,
    missing_orders,
    rules.growth,
    rules.unknown_parameters,
    rules.foreign_tables,
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class SqlFile:
    """A checked file of `feature_sql`."""

    path: Path
    folder: str  # user, item, user_item, label or the source of a staging file
    header: Header
    sql: str
    dependencies: frozenset[str]
    own_names: frozenset[str]  # of its CTEs
    parameters: frozenset[str]
    lines: Mapping[str, int]  # on which each dependency is first read, and each CTE begins
    query: exp.Query = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """The table that it makes."""
        return self.path.stem

    @property
    def is_label(self) -> bool:
        return self.folder == "label"

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def makes(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """All of the file that decides rows: its query, their order, and the columns declared.

        The rest of the header is for people and checks: another word in it makes no other row.
        """
        return self.sql.strip(), tuple(self.header.grain), tuple(self.header.columns)


def load_sql_file(path: Path) -> SqlFile:
    """The file at *path*, with the rules that one file alone can break checked.

    Raises `SqlFileError` with every broken rule, each with file and line.
    """
    try:
        return _check(path, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start}); save it as UTF-8"
        raise SqlFileError.listing([Problem(path, 1, message)]) from None
    except QueryError as error:
        raise SqlFileError.listing([Problem(path, error.line, str(error))]) from None


@lru_cache(maxsize=512)  # a night asks for the same texts many times; parsing them costs seconds
def _check(path: Path, text: str) -> SqlFile:
    _check_name(path)
    header, sql = split_header(path, text)
    query = parse_select(sql)
    problems = sorted(set(_problems(path, query)))
    if problems:
        raise SqlFileError.listing(problems)
    tables, own_names = _tables(query), _own_names(query)
    return SqlFile(
        path=path,
        folder=path.parent.name,
        header=header,
        sql=sql,
        dependencies=frozenset(tables),
        own_names=frozenset(own_names),
        parameters=_parameters(query),
        lines=tables | own_names,
        query=query,
    )


def _check_name(path: Path) -> None:
    if not _NAME.fullmatch(path.stem):
        raise QueryError(
            1,
            f"the file's name {path.stem!r} is the table's; it takes a to z, digits and _, begins "
            "with a letter and has at most 63 characters",
        )


def _problems(path: Path, query: exp.Query) -> Iterator[Problem]:
    folder = path.parent.name
    own_rules = [rules.foreign_letters] if folder in GRAINS else []  # raw columns have any name
    nodes = list(query.walk())
    for rule in (*_RULES, *own_rules):
        for node, message in rule(nodes):
            yield Problem(path, line_of(node), message)
    if "until" in _parameters(query) and folder != "label":
        yield Problem(path, 1, "$until looks into the future; only files of label/ may use it")
    # The `events` that a staging file reads are raw; a CTE of that name is refused elsewhere.
    if folder in GRAINS and EVENTS not in _own_names(query):
        for node, message in unbounded_reads(query, is_label=folder == "label"):
            yield Problem(path, line_of(node), message)


def _parameters(query: exp.Query) -> frozenset[str]:
    nodes = query.find_all(exp.Parameter, exp.Placeholder)
    return frozenset(rules.parameter_name(node) for node in nodes)


def _tables(query: exp.Query) -> dict[str, int]:
    """Tables that the query reads, without its own CTEs, and the line on which each is first."""
    lines: dict[str, int] = {}
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not _is_cte(table):
            line = line_of(table)
            lines[table.name] = min(line, lines.get(table.name, line))
    return lines


def _is_cte(table: exp.Table) -> bool:
    """Whether *table* is a CTE that is known where it stands: of a query around it, and before it.

    A name that is a CTE somewhere else in the file may be a system table here.
    """
    node: exp.Expression = table
    within: exp.Expression | None = None
    while node.parent is not None:
        within = node if isinstance(node, exp.CTE) else within
        node = node.parent
        if isinstance(node, exp.Query) and table.name.lower() in _known_ctes(node, within):
            return True
    return False


def _known_ctes(query: exp.Query, within: exp.Expression | None) -> Iterator[str]:
    """Names of the CTEs of *query* that are known *within* one of them: itself if recursive."""
    with_ = query.args.get("with_")
    for cte in query.ctes:
        if cte is within and not with_.args.get("recursive"):
            return
        yield cte.alias.lower()
        if cte is within:
            return


def _own_names(query: exp.Query) -> dict[str, int]:
    """Names of the CTEs, and the line of each."""
    return {cte.alias: line_of(cte.args["alias"]) for cte in query.find_all(exp.CTE)}
