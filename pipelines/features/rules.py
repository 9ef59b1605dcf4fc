"""What the statement of a SQL file may not say: hidden columns, chance, clocks, the outside."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from pipelines.features.row_orders import Finding, Nodes

PARAMETERS = {"as_of", "until", "timezone"}

# Nothing but "now" that the runner binds may decide a result. What DuckDB itself calls volatile
# is among them; the rest are clocks under other names and aggregates that pick any row.
NON_DETERMINISTIC = {
    "ago",
    "arbitrary",
    "currval",
    "current_catalog",
    "current_connection_id",
    "current_database",
    "current_localtime",
    "current_localtimestamp",
    "current_query",
    "current_query_id",
    "current_role",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_transaction_id",
    "current_user",
    "error",
    "gen_random_uuid",
    "get_current_time",
    "get_current_timestamp",
    "getenv",
    "getvariable",
    "in_search_path",
    "list_any_value",
    "list_mode",
    "nextval",
    "now",
    "pg_postmaster_start_time",
    "pg_sleep",
    "random",
    "reservoir_quantile",
    "session_user",
    "setseed",
    "setval",
    "sleep_ms",
    "stats",
    "today",
    "transaction_timestamp",
    "txid_current",
    "user",
    "uuid",
    "uuidv4",
    "uuidv7",
    "vector_type",
    "write_log",
}
_NON_DETERMINISTIC_NODES = (
    exp.CurrentCatalog,
    exp.CurrentTimestamp,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentDatetime,
    exp.CurrentDatabase,
    exp.CurrentSchema,
    exp.CurrentSchemas,
    exp.CurrentUser,
    exp.Rand,
    exp.SessionUser,
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
_CLOCKS = {
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
}
# What to write instead; what is none of these is a state of the session.
_INSTEAD = {
    "the only moment is $as_of": {
        *("age", "ago", "current_date", "current_localtime", "current_localtimestamp"),
        *("current_time", "current_timestamp", "get_current_time", "get_current_timestamp"),
        *("localtime", "localtimestamp", "now", "today", "transaction_timestamp"),
    },
    "an aggregate that picks a row needs an order: first(… order by …), ties broken by id": {
        *("any_value", "arbitrary", "list_any_value", "list_mode", "mode"),
    },
    "write the exact function, such as quantile_cont or count": {
        *("approx_quantile", "approx_top_k", "reservoir_quantile"),
    },
    "choose rows by what is in them, such as a hash of their id": {
        *("gen_random_uuid", "rand", "random", "setseed", "tablesample", "uuid", "uuidv4"),
        *("uuidv7",),
    },
}
_MAX_SIZE = 10_000  # characters or elements that one call may make
_GROWING = (exp.GenerateSeries, exp.Pad, exp.Repeat, exp.Space)
_GROWING_NAMES = {"array_resize", "bar", "bitstring", "list_resize"}
# In the text of a format: a width of many digits, or one that is itself an argument.
_WIDE = re.compile(r"\d{5,}|%[^a-zA-Z%]*\*|\{[^{}]*:[^{}]*\{")
_TABLE_FUNCTIONS = ("unnest(", "range(", "generate_series(")
_INSIDE_OUT = (exp.Command, exp.Create, exp.Describe, exp.Insert, exp.Summarize, exp.Pivot)


def hidden_columns(nodes: Nodes) -> Iterator[Finding]:
    """`select *` and what else stands for columns that the text does not name."""
    for node in _of(nodes, (exp.Star, exp.Columns)):
        if not isinstance(node.parent, (exp.Count, exp.Columns)) and not _is_named_values(node):
            yield (
                node,
                "`select *` hides columns; name them, so that the header and the result can be "
                "compared",
            )


def other_statements(nodes: Nodes) -> Iterator[Finding]:
    """Statements that stand where a table may stand, such as `from (describe events)`."""
    for node in _of(nodes, _INSIDE_OUT):
        yield node, f"{node.key} has no place in a file; write it as a plain select"


def chance(nodes: Nodes) -> Iterator[Finding]:
    """Clocks, dice, the session's state, and aggregates that pick any row."""
    for node in nodes:
        name = _chance_name(node)
        if name:
            yield (
                node,
                f"{name} gives another result each time; {_instead_of(name.lower())}",
            )


def growth(nodes: Nodes) -> Iterator[Finding]:
    """Values as large as they are told to be: no limit of memory or time holds within one call."""
    for node in nodes:
        if _is_growing(node) and not isinstance(node.parent, exp.Table):
            inner = any(_is_growing(ancestor) for ancestor in _ancestors(node))
            if inner or not all(map(_is_small, _sizes(node))):
                yield (
                    node,
                    f"{_call(node)} may make a value of any size; give it numbers up to "
                    f"{_MAX_SIZE} or the length of a value, and range() a place in `from`, where "
                    "it makes rows",
                )
        elif _is_wide_format(node):
            yield (
                node,
                f"{_call(node)} may make a value of any size; write its format out, with widths "
                f"up to {_MAX_SIZE - 1}",
            )


def foreign_letters(nodes: Nodes) -> Iterator[Finding]:
    """Names with letters that look like others: `еvents` with a Cyrillic е is not `events`."""
    for node in _of(nodes, exp.Identifier):
        for letter in str(node.this):
            if not letter.isascii():
                named = unicodedata.name(letter, "a letter without a name")
                yield (
                    node,
                    f"the name {node.this} has {letter} (U+{ord(letter):04X}, {named.lower()}); "
                    "names are written in plain ASCII letters",
                )
                break


def unknown_parameters(nodes: Nodes) -> Iterator[Finding]:
    """Parameters that the runner does not bind."""
    for node in _of(nodes, (exp.Parameter, exp.Placeholder)):
        name = parameter_name(node)
        if name not in PARAMETERS:
            close = difflib.get_close_matches(name, PARAMETERS, n=1)
            hint = f" (did you mean ${close[0]}?)" if close else ""
            known = ", ".join(f"${known}" for known in sorted(PARAMETERS))
            yield node, f"unknown parameter ${name}{hint}; the runner binds {known}"


def foreign_tables(nodes: Nodes) -> Iterator[Finding]:
    """Files, functions and schemas that are read as tables."""
    for table in _of(nodes, exp.Table):
        text = table.sql(dialect="duckdb")[:60]
        if not isinstance(table.this, exp.Identifier):
            if not text.lower().startswith(_TABLE_FUNCTIONS):
                yield table, f"reads from {text}; a file reads tables by name only"
        elif table.db or table.catalog or set("./\\:*") & set(table.name):
            yield table, f"reads {text}; a file reads tables by their plain name only"


def parameter_name(node: exp.Expression) -> str:
    """Name of a parameter without its `$`; `?` when it has none."""
    inner = node.this
    return str((inner.name if isinstance(inner, exp.Expression) else inner) or "?")


def _is_named_values(star: exp.Expression) -> bool:
    """Whether it stands for `(values …) as t(a, b)`, or for the CTE `t(a, b) as (values …)`."""
    select = star.parent
    source = select.args.get("from_") if isinstance(select, exp.Select) else None
    if source is None or select.args.get("joins") or not isinstance(source.this, exp.Values):
        return False
    outer = select.parent
    aliases = [source.this.args.get("alias"), outer.args.get("alias") if outer else None]
    return any(isinstance(a, exp.TableAlias) and a.columns for a in aliases)


def _is_wide_format(node: exp.Expression) -> bool:
    """Whether a format's text is computed, or asks for a width of more than four digits."""
    if isinstance(node, exp.Format):
        text = node.this
    elif isinstance(node, exp.Anonymous) and str(node.name).lower() == "printf":
        text = node.expressions[0] if node.expressions else None
    else:
        return False
    return not (isinstance(text, exp.Literal) and not _WIDE.search(str(text.this)))


def _is_growing(node: exp.Expression) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower() in _GROWING_NAMES
    return isinstance(node, _GROWING)


def _ancestors(node: exp.Expression) -> Iterator[exp.Expression]:
    while node.parent is not None:
        node = node.parent
        yield node


def _sizes(node: exp.Expression) -> list[exp.Expression]:
    """The arguments that decide how large the value of *node* is."""
    if isinstance(node, exp.Anonymous):
        return list(node.expressions[1:])
    keys = ("times", "start", "end") if not isinstance(node, exp.Pad) else ("expression",)
    return [node.args[key] for key in keys if node.args.get(key) is not None]


def _is_small(size: exp.Expression) -> bool:
    """A small number, the length of another value, or a sum or the least of such."""
    size = size.unnest()
    if isinstance(size, (exp.Add, exp.Sub)):
        return _is_small(size.this) and _is_small(size.expression)
    if isinstance(size, exp.Least):
        return any(map(_is_small, (size.this, *size.expressions)))
    if isinstance(size, (exp.Length, exp.ArraySize)):
        return True
    return size.is_int and abs(int(size.to_py())) <= _MAX_SIZE


def _of(nodes: Nodes, kinds: Any) -> list[Any]:
    return [node for node in nodes if isinstance(node, kinds)]


def _chance_name(node: exp.Expression) -> str:
    if isinstance(node, _NON_DETERMINISTIC_NODES):
        return _call(node).partition("(")[0].split()[0]
    if isinstance(node, exp.Anonymous):
        name = str(node.name).lower()
        # `age(moment)` counts to today, `age(later, earlier)` does not.
        is_clock = name == "age" and len(node.expressions) == 1
        return name if is_clock or name in NON_DETERMINISTIC else ""
    if isinstance(node, exp.Column) and not node.table and node.name.lower() in _CLOCKS:
        return str(node.name)
    return ""


def _instead_of(name: str) -> str:
    found = [text for text, names in _INSTEAD.items() if name in names]
    return found[0] if found else "a file knows its tables, $as_of and $timezone, and nothing else"


def _call(node: exp.Expression) -> str:
    return node.sql(dialect="duckdb")[:60].lower()
