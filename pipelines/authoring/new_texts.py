"""The texts that `features new` writes: a count or a share in the window that the name says."""

from __future__ import annotations

import textwrap
from datetime import datetime, timedelta

_AS_OF = datetime(2024, 4, 1)  # a Monday, so that the hour before is of a weekend
_UNTIL = datetime(2024, 4, 29)
_GRAINS = {
    "user": ["user_id"],
    "item": ["item_id"],
    "user_item": ["user_id", "item_id"],
    "label": ["user_id", "item_id"],
}
_KEYS = {"user_id": "Shopper", "item_id": "Item"}
_SHARES = ("share", "rate", "ratio")
_LINE = 100  # characters, as .sqlfluff has it
# Of a file whose name asks for something else than what is written; `check` notes that it stands.
EXAMPLE = "An example, to be replaced by your own."

_FEATURE = """\
/*---
{description}
owner: {owner}
grain: [{keys}]
event_time: event_at
max_age: 26h
columns:
{column_lines}
checks:
{check}
---*/
with purchases as (
    select {keys}{flag}
    from events
    where event_type = 'purchase'
        and {bound}
)

{select}
from purchases
group by {keys}
"""
_LABEL = """\
/*---
{description}
owner: {owner}
grain: [user_id, item_id]
event_time: null
max_age: null
columns:
  user_id: Shopper.
  item_id: Item bought in the window.
  relevance: Always 1.
checks:
  - values: {{column: relevance, allowed: [1]}}
---*/
with purchases as (
    select user_id, item_id
    from events
    where event_type = 'purchase' and event_at >= $as_of and event_at < $until
)

select distinct user_id, item_id, 1 as relevance
from purchases
"""


def new_sql(folder: str, stem: str, window: timedelta | None, owner: str) -> str:
    """The SQL file of table *stem*: purchases counted, or their weekend share."""
    if folder == "label":
        what = f"{EXAMPLE} What each user bought in the window after as_of."
        return _LABEL.format(description=_entry("description", what), owner=owner)
    keys = _GRAINS[folder]
    share = is_share(stem)
    since = f"in the {_interval(window)}s before as_of" if window else "before as_of"
    begin = f"event_at >= $as_of - interval {_interval(window)} and " if window else ""
    of = " and ".join("each " + key.removesuffix("_id") for key in keys)
    what = "Share on Saturdays and Sundays (UTC) of the purchases" if share else "Purchases"
    said = f"{what} of {of} {since}."
    columns = {key: f"{_KEYS[key]} with a purchase." for key in keys}
    columns[column_name(stem)] = f"{what} {since}."
    return _FEATURE.format(
        description=_entry("description", said if _is_asked_for(stem) else f"{EXAMPLE} {said}"),
        owner=owner,
        keys=", ".join(keys),
        column_lines="\n".join(_entry(name, text, "  ") for name, text in columns.items()),
        check=_check(column_name(stem), "min: 0, max: 1" if share else "min: 1"),
        flag=", isodow(event_at) >= 6 as is_weekend" if share else "",
        bound=f"{begin}event_at < $as_of",
        select=_select(keys, _value(share), column_name(stem)),
    )


def new_case(folder: str, stem: str, window: timedelta | None) -> str:
    """The case file of table *stem*: the ends of the window, and what is too late."""
    if folder == "label":
        return _label_case()
    first = _AS_OF - (window or timedelta(days=400))
    last = _AS_OF - timedelta(hours=1)
    counted = [first, last]
    moments = [*counted, _AS_OF] if not window else [first - timedelta(seconds=1), *counted, _AS_OF]
    value = str(len(counted))
    if is_share(stem):
        value = str(sum(moment.isoweekday() >= 6 for moment in counted) / len(counted))
    keys = {"user_id": "ann", "item_id": "milk"}
    row = ", ".join(f"{key}: {keys[key]}" for key in _GRAINS[folder])
    name = "The beginning of the window counts, as_of does not." if window else "as_of is too late."
    return "\n".join(
        [
            *_head(name),
            *map(_event, moments),
            "    expect:",
            f"      - {{{row}, {column_name(stem)}: {value}}}",
            "",
        ]
    )


def is_share(stem: str) -> bool:
    """Whether the name promises a part of a whole."""
    return any(word in _SHARES for word in stem.split("_"))


def column_name(stem: str) -> str:
    """The column beside the keys: named like the table, a count with `n_` in front."""
    return stem if is_share(stem) or stem.startswith("n_") else f"n_{stem}"[:63]


def _is_asked_for(stem: str) -> bool:
    """Whether the name says what the file does: a weekend share, or a count of purchases."""
    words = set(stem.split("_"))
    return "weekend" in words if is_share(stem) else bool(words & {"purchase", "purchases"})


def _value(share: bool) -> str:
    return "count(*) filter (is_weekend) / count(*)" if share else "count(*)"


def _entry(key: str, text: str, indent: str = "") -> str:
    """A key of the header and its text, which goes on below where one line is too short."""
    lines = textwrap.wrap(
        f"{key}: {text}", _LINE, initial_indent=indent, subsequent_indent=f"{indent}  "
    )
    return "\n".join(lines)


def _check(column: str, bounds: str) -> str:
    line = f"  - between: {{column: {column}, {bounds}}}"
    if len(line) <= _LINE:
        return line
    return "\n      ".join(["  - between:", f"column: {column}", *bounds.split(", ")])


def _select(keys: list[str], value: str, column: str) -> str:
    line = f"select {', '.join(keys)}, {value} as {column}"
    if len(line) <= _LINE:
        return line
    named = f"{value} as {column}"
    named = named if len(named) <= _LINE - 4 else f"{value}\n        as {column}"
    return "select\n    " + ",\n    ".join([*keys, named])


def _label_case() -> str:
    moments = [_AS_OF - timedelta(seconds=1), _AS_OF, _UNTIL]
    return "\n".join(
        [
            *_head("The window begins at as_of and ends before until."),
            *map(_event, moments),
            "    expect:",
            "      - {user_id: ann, item_id: milk, relevance: 1}",
            "",
        ]
    ).replace(f"    as_of: {_AS_OF}", f"    as_of: {_AS_OF}\n    until: {_UNTIL}")


def _head(name: str) -> list[str]:
    return ["cases:", f"  - name: {name}", f"    as_of: {_AS_OF}", "    given:", "      events:"]


def _event(moment: datetime) -> str:
    return (
        "        - {user_id: ann, item_id: milk, event_type: purchase, "
        f"event_at: {moment:%Y-%m-%d %H:%M:%S}}}"
    )


def _interval(window: timedelta | None) -> str:
    """*window* as an interval of SQL: 90 day."""
    hours = int((window or timedelta(0)).total_seconds() // 3600)
    return f"{hours // 24} day" if hours % 24 == 0 else f"{hours} hour"
