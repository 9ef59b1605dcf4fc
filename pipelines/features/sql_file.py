"""One SQL file: its header, its statement, and the tables that the statement reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import sqlglot
from sqlglot import exp

from pipelines.features.header import Header, SqlFileError, split_header

PARAMETERS = {"as_of", "until", "timezone"}

# Nothing but "now" that the runner binds may decide a result.
NON_DETERMINISTIC = {
    "now",
    "random",
    "uuid",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "setseed",
    "today",
    "get_current_time",
    "get_current_timestamp",
    "current_localtime",
    "transaction_timestamp",
    "nextval",
    "currval",
    "getvariable",
    "current_setting",
    "getenv",
    "arbitrary",
    "reservoir_quantile",
}
_NON_DETERMINISTIC_NODES = (
    exp.CurrentTimestamp,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentDatetime,
    exp.Rand,
    exp.Uuid,
    exp.AnyValue,
    exp.ApproxQuantile,
    exp.ApproxTopK,
    exp.CurrentVersion,
    exp.Localtime,
    exp.Localtimestamp,
    exp.Mode,
    exp.TableSample,
)


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


def load_sql_file(path: Path) -> SqlFile:
    """The file at *path*, with the rules that one file alone can break checked.

    Raises `SqlFileError` naming file, line and rule.
    """
    return _check(path, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)  # a night asks for the same texts many times; parsing them costs seconds
def _check(path: Path, text: str) -> SqlFile:
    header, sql = split_header(path, text)
    query = _parse_query(path, sql)
    _refuse_star(path, query)
    _refuse_non_determinism(path, query)
    parameters = _parameters(path, query)
    if "until" in parameters and path.parent.name != "label":
        raise SqlFileError(f"{path}: $until looks into the future; only files of label/ may use it")
    return SqlFile(
        path=path,
        folder=path.parent.name,
        header=header,
        sql=sql,
        dependencies=_tables(path, query),
        own_names=_own_names(query),
        parameters=parameters,
    )


def _parse_query(path: Path, sql: str) -> exp.Query:
    try:
        statements = [s for s in sqlglot.parse(sql, read="duckdb") if s is not None]
    except sqlglot.errors.ParseError as error:
        problem = error.errors[0] if error.errors else {}
        line = problem.get("line", 1)
        raise SqlFileError(
            f"{path}:{line}: not valid SQL: {problem.get('description', error)} "
            f"near {problem.get('highlight', '')!r}"
        ) from None
    except sqlglot.errors.TokenError as error:
        raise SqlFileError(f"{path}: not valid SQL: {error}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        kinds = [type(s).__name__.upper() for s in statements]
        raise SqlFileError(f"{path}: expected exactly one SELECT statement, found {kinds}")
    return statements[0]


def _refuse_star(path: Path, query: exp.Query) -> None:
    for star in query.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            raise SqlFileError(
                f"{path}{_line(star)}: `select *` hides columns; name them, so that the header and "
                "the result can be compared"
            )


def _refuse_non_determinism(path: Path, query: exp.Query) -> None:
    for node in query.walk():
        name = ""
        if isinstance(node, _NON_DETERMINISTIC_NODES):
            name = node.key
        elif isinstance(node, exp.Anonymous):
            name = str(node.name).lower()
            if name not in NON_DETERMINISTIC:
                continue
        elif isinstance(node, exp.Column) and not node.table and _is_clock(node.name):
            name = node.name
        if name:
            raise SqlFileError(
                f"{path}{_line(node)}: {name} gives another result each time; the only moment is "
                "$as_of, and an aggregate that picks a row needs an order"
            )


def _is_clock(name: str) -> bool:
    return name.lower() in {"current_date", "current_timestamp", "current_time", "localtimestamp"}


def _parameters(path: Path, query: exp.Query) -> frozenset[str]:
    names = {str(node.this.name if node.this else "?") for node in query.find_all(exp.Parameter)}
    names |= {str(node.name or "?") for node in query.find_all(exp.Placeholder)}
    unknown = sorted(names - PARAMETERS)
    if unknown:
        raise SqlFileError(
            f"{path}: unknown parameter ${unknown[0]}; the runner binds "
            f"{', '.join(f'${name}' for name in sorted(PARAMETERS))}"
        )
    return frozenset(names)


def _tables(path: Path, query: exp.Query) -> frozenset[str]:
    """Tables that the query reads, without its own CTEs; a file or a function is refused."""
    ctes = _own_names(query)
    names = set()
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            function = table.this.sql(dialect="duckdb")[:60]
            if function.lower().startswith(("unnest(", "range(", "generate_series(")):
                continue
            raise SqlFileError(
                f"{path}{_line(table)}: reads from {function}; a file reads tables by name only"
            )
        if table.db or table.catalog or "." in table.name or "/" in table.name:
            raise SqlFileError(
                f"{path}{_line(table)}: reads {table.sql(dialect='duckdb')}; a file reads tables "
                "by their plain name only"
            )
        if table.name not in ctes:
            names.add(table.name)
    return frozenset(names)


def _own_names(query: exp.Query) -> frozenset[str]:
    return frozenset(cte.alias for cte in query.find_all(exp.CTE))


def _line(node: exp.Expression) -> str:
    for inner in node.walk():
        if "line" in inner.meta:
            return f":{inner.meta['line']}"
    return ""
