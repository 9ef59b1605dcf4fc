"""What follows the order in which rows come is refused; what has an order of its own is not."""

import pytest

from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import load_sql_file
from tests.pipelines.features.sql_text import HEADER, write_sql

FOLLOWS = "follows the order of the rows; give its window an order by"
PAST = "from events where event_at < $as_of"
UNORDERED = {
    "lag": (f"select user_id, lag(value) over (partition by user_id) as n {PAST}", FOLLOWS),
    "first value": (f"select user_id, first_value(value) over () as n {PAST}", FOLLOWS),
    "ignoring nulls": (
        f"select user_id, last_value(value ignore nulls) over () as n {PAST}",
        FOLLOWS,
    ),
    "first over": (f"select user_id, first(value) over () as n {PAST}", FOLLOWS),
    "filtered list over": (
        f"select user_id, list(value) filter (value > 1) over () as n {PAST}",
        FOLLOWS,
    ),
    "tiles": ("select user_id, ntile(4) over () as n from users", FOLLOWS),
    "rows of a frame": (
        f"select user_id, sum(value) over (rows 2 preceding) as n {PAST}",
        FOLLOWS,
    ),
    "named window": (
        f"select user_id, row_number() over w as n {PAST} window w as (partition by user_id)",
        FOLLOWS,
    ),
    "named frame": (
        f"select user_id, sum(value) over w as n {PAST} window w as (rows 2 preceding)",
        FOLLOWS,
    ),
    "distinct on": (
        f"select distinct on (user_id) user_id, value as n {PAST}",
        "distinct on without order by keeps any row of each",
    ),
    "offset": ("select user_id, 1 as n from users offset 5", "offset without order by keeps any"),
    "fetch": (
        "select user_id, 1 as n from users fetch first 5 rows only",
        "fetch without order by keeps any",
    ),
    "array of a select": (
        "select user_id, len(array(select item_id from items)) as n from users",
        "follows the order of the rows; give its select an order by",
    ),
    "positional join": (
        "select user_id, price as n from users positional join items",
        "a positional join pairs rows in the order in which they come",
    ),
}
ORDERED = {
    "lag": f"select user_id, lag(value) over (order by event_at, event_id) as n {PAST}",
    "order inside": f"select user_id, list(value order by event_id) over () as n {PAST}",
    "whole partition": f"select user_id, sum(value) over (partition by user_id) as n {PAST}",
    "all rows": "select user_id, count(*) over (rows between unbounded preceding and unbounded "
    f"following) as n {PAST}",
    "days of a frame": "select user_id, sum(value) over (order by event_at range between interval "
    f"7 day preceding and current row) as n {PAST}",
    "named window": f"select user_id, row_number() over w as n {PAST} "
    "window w as (partition by user_id order by event_id)",
    "distinct on": f"select distinct on (user_id) user_id, value as n {PAST} "
    "order by user_id, event_id",
    "offset": "select user_id, 1 as n from users order by user_id limit 2 offset 5",
    "array of a select": "select user_id, len(array(select item_id from items order by item_id)) "
    "as n from users",
    "array": "select user_id, len([1, 2]) as n from users",
    "asof join": "with a as (select user_id, event_at from events where event_at < $as_of) "
    "select users.user_id, 1 as n from users asof join a on a.user_id = users.user_id "
    "and users.created_at >= a.event_at",
}


@pytest.mark.parametrize(("query", "cause"), UNORDERED.values(), ids=UNORDERED.keys())
def test_the_order_of_rows_decides_nothing(tmp_path, query, cause):
    """Windows, cuts, picks, arrays and joins that follow it are named with file and line."""
    path = write_sql(tmp_path, "user/visits", HEADER + query)
    with pytest.raises(SqlFileError) as caught:
        load_sql_file(path)
    [problem] = caught.value.problems
    assert (problem.path, problem.line) == (path, 10)
    assert cause in problem.message


@pytest.mark.parametrize("query", ORDERED.values(), ids=ORDERED.keys())
def test_an_order_is_enough(tmp_path, query):
    """The same with an order, and windows that need none, are taken as they are."""
    assert load_sql_file(write_sql(tmp_path, "user/visits", HEADER + query)).name == "visits"
