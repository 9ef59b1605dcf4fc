"""Half-open windows: every read of `events` ends before `$as_of`, a label's before `$until`.

Looked up where the table is read: its own `where`, or the `on` of a join that binds it.
What comes later in the query (a `filter`, an outer select) does not count: it is easily lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

EVENTS = "events"
MOMENT = "event_at"
# Joins whose `on` leaves no row of the left side out.
_KEEPS_LEFT = {"LEFT", "FULL", "ANTI"}
_KEEPS_RIGHT = {"RIGHT", "FULL"}


def unbounded_reads(query: exp.Query, *, is_label: bool) -> Iterator[tuple[exp.Expression, str]]:
    """Each read of `events` that may see what comes later, and how to bound it.

    The place is that of a bound that is none, where there is one, else that of the read.
    """
    bounds = {"as_of", "until"} if is_label else {"as_of"}
    wanted = f"{MOMENT} < {'$until' if is_label else '$as_of'}"
    for table in query.find_all(exp.Table):
        if table.name == EVENTS and isinstance(table.this, exp.Identifier):
            conditions = list(_conditions(table))
            if not any(_is_upper_bound(part, table, bounds) for part in conditions):
                yield _advice(conditions, table, wanted)


def _conditions(table: exp.Table) -> Iterator[exp.Expression]:
    """What every row of *table* must fulfil to get past its select, split at `and`."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return
    where = select.args.get("where")
    if where is not None:
        yield from _parts(where.this)
    for join in select.args.get("joins") or []:
        condition = join.args.get("on")
        kind = {join.side, join.kind, join.method}
        keeps = _KEEPS_RIGHT if join.this is table else _KEEPS_LEFT
        if condition is not None and not kind & keeps:
            yield from _parts(condition)


def _parts(condition: exp.Expression) -> Iterator[exp.Expression]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from (part.unnest() for part in condition.flatten())
    else:
        yield condition


def _is_upper_bound(part: exp.Expression, table: exp.Table, bounds: set[str]) -> bool:
    if isinstance(part, exp.LT):
        return _is_moment(part.this, table) and _is_at_most(part.expression, bounds)
    if isinstance(part, exp.GT):
        return _is_moment(part.expression, table) and _is_at_most(part.this, bounds)
    return False


def _is_moment(node: exp.Expression, table: exp.Table) -> bool:
    return (
        isinstance(node, exp.Column)
        and not _renames(table)
        and node.name.lower() == MOMENT
        and node.table in ("", table.alias_or_name)
    )


def _renames(table: exp.Table) -> bool:
    """Whether it is read as `events as e(…)`, where any column may be called event_at."""
    alias = table.args.get("alias")
    return isinstance(alias, exp.TableAlias) and bool(alias.columns)


def _is_at_most(node: exp.Expression, bounds: set[str]) -> bool:
    """Whether *node* is one of *bounds*, or that less an interval or cut to a day."""
    node = node.unnest()
    if isinstance(node, exp.Sub) and not _is_plain_span(node.expression):
        return False
    if isinstance(node, (exp.Sub, exp.Cast, exp.TimestampTrunc, exp.DateTrunc)):
        return _is_at_most(node.this, bounds)
    return isinstance(node, (exp.Parameter, exp.Placeholder)) and _name(node) in bounds


def _is_plain_span(span: exp.Expression) -> bool:
    """Whether nothing in *span* can be negative: less than nothing would be later."""
    parts = list(span.walk())
    signed = (exp.Column, exp.Neg, exp.Query, exp.Sub)
    return not any(
        isinstance(part, signed) or (isinstance(part, exp.Literal) and _is_back(str(part.this)))
        for part in parts
    )


def _is_back(span: str) -> bool:
    """Whether the text of a span counts back: `-7 days`, and `7 days ago`, which is the same."""
    return "-" in span or "ago" in span.lower()


def _name(node: exp.Expression) -> str:
    return str(node.this.name if isinstance(node.this, exp.Expression) else node.name)


def _advice(
    conditions: list[exp.Expression], table: exp.Table, wanted: str
) -> tuple[exp.Expression, str]:
    if _renames(table):
        message = "gives columns other names, so that no bound can be read; name the table alone"
        return table, f"{table.sql(dialect='duckdb')} {message}"
    for part in conditions:
        written = part.sql(dialect="duckdb")
        if isinstance(part, exp.LTE) and _is_moment(part.this, table):
            return part, f"{written} lets its last moment in; write {wanted}"
        if isinstance(part, exp.GTE) and _is_moment(part.expression, table):
            return part, f"{written} lets its last moment in; write {wanted}"
        if isinstance(part, exp.Between) and _is_moment(part.this, table):
            message = "between lets both of its ends in; write"
            return part, f"{written}: {message} {MOMENT} >= … and {wanted}"
        if _is_late(part, table):
            return part, (
                f"{written} may let in what comes later; write {wanted}, or take a plain interval "
                "off its right side"
            )
    return table, (
        f"reads {EVENTS} without an upper bound of time; add {wanted} to the where of this select"
    )


def _is_late(part: exp.Expression, table: exp.Table) -> bool:
    """Whether it bounds the moment from above by something else than the runner's moments."""
    if isinstance(part, exp.LT):
        return _is_moment(part.this, table)
    return isinstance(part, exp.GT) and _is_moment(part.expression, table)
