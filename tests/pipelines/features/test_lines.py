"""Problems are told where they stand, however many parameters stand before them."""

import pytest
import sqlglot

from pipelines.features.header import split_header
from pipelines.features.parse import parse_select, tokens_of
from pipelines.features.problems import SqlFileError
from pipelines.features.sql_file import load_sql_file
from tests.night_fixtures import REPOSITORY
from tests.pipelines.features.sql_text import HEADER, write_sql

PATHS = sorted((REPOSITORY / "feature_sql").rglob("*.sql"))


def line(text, at):
    """Line of the character number *at*, counted from the text alone."""
    return text[:at].count("\n") + 1


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_token_is_on_its_line(path):
    """And every place of the tree that is made of them."""
    _, sql = split_header(path, path.read_text(encoding="utf-8"))
    for token in tokens_of(sql):
        assert token.line == line(sql, token.start), token
    for node in parse_select(sql).walk():
        if "line" in node.meta:
            assert node.meta["line"] == line(sql, node.meta["start"]), node


def test_the_parser_alone_does_not_know():
    """Once this fails, the parser counts right and `tokens_of` can go."""
    *_, last = sqlglot.tokenize("select $as_of\nfrom t\nwhere a", read="duckdb")
    assert last.line > 3


QUERY = """select
    user_id,
    count(*) filter (event_at >= $as_of - interval 7 day) as n_events
from events
where event_at < $as_of
    and PART
group by user_id
limit 3
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("PART", "random() < 0.5", ":15: random gives another result"),
        ("PART", "item_id in (select item_id from events)", ":15: reads events without"),
        ("PART", "value in ()) from", ":15: not valid SQL"),
        ("PART", "item_id = 'open", ":15: not valid SQL: Parser Error: unterminated"),
        ("PART", "value is not null", ":17: limit without order by"),
    ],
)
def test_a_problem_behind_parameters_is_on_its_line(tmp_path, old, new, message):
    """Rules, both parsers and what no parser can read."""
    path = write_sql(tmp_path, "user/visits", HEADER + QUERY.replace(old, new))
    with pytest.raises(SqlFileError) as caught:
        load_sql_file(path)
    assert message in str(caught.value)
