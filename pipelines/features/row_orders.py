"""Results that depend on the order in which rows happen to come, which no table promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from sqlglot import exp

Nodes: TypeAlias = Sequence[exp.Expression]  # of the whole query, outermost first
Finding: TypeAlias = tuple[exp.Expression, str]  # what breaks the rule, and the message

_COLLECTING = (exp.ArrayAgg, exp.First, exp.GroupConcat, exp.Last)
_PLACING = (
    exp.FirstValue,
    exp.Lag,
    exp.LastValue,
    exp.Lead,
    exp.NthValue,
    exp.Ntile,
    exp.RowNumber,
)
_WRAPPERS = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
_CUTS = (exp.Fetch, exp.Limit, exp.Offset)


def missing_orders(nodes: Nodes) -> Iterator[Finding]:
    """Lists, windows, cuts, picks and joins without an order."""
    for node in nodes:
        message = _message(node)
        if message:
            yield node, message


def _message(node: exp.Expression) -> str:
    if isinstance(node, _COLLECTING) and not isinstance(_wrapped(node).parent, exp.Window):
        return "" if node.find(exp.Order) else f"{_follows(node)}; give it an order by inside"
    if isinstance(node, exp.Window) and _needs_order(node) and not _has_order(node):
        return f"{_follows(node.this)}; give its window an order by"
    if isinstance(node, _CUTS) and not _is_ordered(node.parent):
        return f"{node.key} without order by keeps any rows; order them, ties broken by id"
    if isinstance(node, exp.Distinct) and node.args.get("on") and not _is_ordered(node.parent):
        return "distinct on without order by keeps any row of each; order them, ties broken by id"
    if isinstance(node, exp.Array) and any(map(_is_unordered_select, node.expressions)):
        return f"{_follows(node)}; give its select an order by"
    if isinstance(node, exp.Join) and node.method == "POSITIONAL":
        return "a positional join pairs rows in the order in which they come; join on columns"
    return ""


def _follows(node: exp.Expression) -> str:
    return f"{node.sql(dialect='duckdb')[:60].lower()} follows the order of the rows"


def _wrapped(node: exp.Expression) -> exp.Expression:
    """*node* with the `filter` or `ignore nulls` around it."""
    while isinstance(node.parent, _WRAPPERS):
        node = node.parent
    return node


def _needs_order(window: exp.Window) -> bool:
    call = window.this
    if isinstance(call, exp.Identifier):
        return False  # of the `window` clause; what is called over it says what is needed
    while isinstance(call, _WRAPPERS):
        call = call.this
    if isinstance(call, (*_COLLECTING, *_PLACING)):
        return True
    return any(_counts_rows(one.args.get("spec")) for one in (window, *_named(window)))


def _counts_rows(spec: exp.Expression | None) -> bool:
    """Whether a frame is so many rows; all rows of the partition need no order."""
    if spec is None or str(spec.args.get("kind")).upper() != "ROWS":
        return False
    ends = [str(spec.args.get(end)).upper() for end in ("start", "end")]
    return ends != ["UNBOUNDED", "UNBOUNDED"]


def _has_order(window: exp.Window) -> bool:
    if any(one.args.get("order") for one in (window, *_named(window))):
        return True
    return window.this.find(exp.Order) is not None  # list(x order by y) over (…)


def _named(window: exp.Window) -> Iterable[exp.Window]:
    """The window of the select's `window` clause that *window* builds on, if it does."""
    select = window.find_ancestor(exp.Select)
    named = (select.args.get("windows") or []) if select is not None and window.alias else []
    return [one for one in named if one.name.lower() == window.alias.lower()]


def _is_ordered(query: exp.Expression | None) -> bool:
    return query is not None and query.args.get("order") is not None


def _is_unordered_select(node: exp.Expression) -> bool:
    return isinstance(node, exp.Query) and not _is_ordered(node)
