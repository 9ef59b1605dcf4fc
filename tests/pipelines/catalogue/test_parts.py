"""Coloured SQL, pictures and graphs: nothing lost, nothing that is not escaped."""

import re
from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.catalogue.graph import draw_graph, family_graph
from pipelines.catalogue.highlight import highlight
from pipelines.catalogue.pictures import figure, picture, unshown
from pipelines.drift.bins import Bins, Categories
from pipelines.drift.distribution import Distribution

READS = {"a": ["events"], "b": ["a"], "c": ["a", "items"], "d": ["b", "c"], "alone": ["items"]}
TAG = re.compile(r"<[^>]*>")


def read(html):
    """What a person reads of *html*."""
    return unescape(TAG.sub("", html))


def test_sql_is_coloured_and_its_tables_are_links():
    """Keywords, calls, text, numbers, moments, comments; a table that is called is a function."""
    sql = "select sum(x) from events -- it's\nwhere day(at) < $as_of and y = 'it''s' or z >= 1.5"
    assert highlight(sql, {"events", "day"}) == (
        '<span class="keyword">select</span> <span class="called">sum</span>(x) '
        '<span class="keyword">from</span> <a href="#events">events</a> '
        '<span class="comment">-- it&#x27;s</span>\n'
        '<span class="keyword">where</span> <span class="keyword">day</span>(at) &lt; '
        '<span class="moment">$as_of</span> <span class="keyword">and</span> y = '
        '<span class="string">&#x27;it&#x27;&#x27;s&#x27;</span> '
        '<span class="keyword">or</span> z &gt;= <span class="number">1.5</span>'
    )


@given(st.text())
def test_no_text_is_lost_or_let_through(text):
    """Whatever stands in a file is read on the page as it is, and only our tags are in it."""
    html = highlight(text, {"events"})
    assert read(html) == text
    assert {tag.split()[0] for tag in TAG.findall(html)} <= {"<span", "</span>", "<a", "</a>"}


def numbers(shares, edges=(0.0, 1.0, 2.0)):
    return Distribution(kind="number", null_share=0, values=9, picture=Bins(edges, shares))


def test_a_picture_has_bars_and_the_line_of_before():
    """A path a bar; the line only where the edges are the same; outer bins of nothing are cut."""
    now = numbers((0.0, 0.5, 0.5, 0.0))
    alone = picture(now, None, "x")
    assert (alone.count("M"), alone.count("<path")) == (2, 1)
    assert picture(now, numbers((0.0, 1.0, 0.0, 0.0)), "x").count('class="before"') == 1
    assert picture(now, numbers((0.0, 1.0, 0.0, 0.0), (0.0, 1.0, 3.0)), "x") == alone
    wider = picture(now, numbers((0.5, 0.5, 0.0, 0.0)), "x")
    assert "M0.5" not in wider  # the first of three bins has no bar tonight


def test_without_values_there_is_no_picture():
    """Nothing to draw of numbers, texts and other types without a value."""
    text = Distribution(kind="text", null_share=1, values=0, categories=Categories((), ()))
    other = Distribution(kind="other", null_share=0, values=3)
    assert [picture(found, None, "x") for found in (numbers(()), text, other)] == ["", "", ""]


def test_texts_are_bars_with_their_names():
    """The five most frequent, long ones cut, hostile ones escaped."""
    top = tuple((f"{'<b>' * n}{n}", 0.3 - n / 100) for n in range(20, 27))
    html = picture(Distribution(kind="text", null_share=0, values=9, top=top), None, "x")
    assert html.count("<rect") == 5
    assert escape("<b>" * 8 + "<…") in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("texts", "said"),
    [(5, ""), (8, "and 3 more, 37.5 % of the values"), (20, "and at least 15 more, 75.0 %")],
)
def test_texts_without_a_bar_are_counted(texts, said):
    """Five have bars; of twenty there may be others that were not kept by name."""
    top = tuple((f"t{n}", 1 / texts) for n in range(texts))
    found = unshown(Distribution(kind="text", null_share=0, values=9, top=top))
    assert found.startswith(said)
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (3.0, "3"),
        (-1.25, "−1.25"),
        (117.31, "117"),
        (1234567.0, "1,234,567"),
        (0.00012, "0.00012"),
        (0.0042, "0.0042"),
        (0.0107, "0.011"),
        (-0.25, "−0.25"),
        (0.999, "1.00"),
        (4e9, "4e+09"),
    ],
)
def test_figures_are_short(value, text):
    """As many digits as a small picture has room for."""
    assert figure(value) == text


def boxes(svg):
    """Table → (x, y) of its box."""
    pattern = r'<a href="#(\w+)"[^>]*><rect x="(\d+)" y="(\d+)"'
    return {name: (int(x), int(y)) for name, x, y in re.findall(pattern, svg)}


def test_what_is_read_stands_left_of_what_reads_it():
    """Every line goes to the right, and no two boxes lie on each other."""
    placed = boxes(draw_graph([*READS, "events", "items"], READS, {}, ""))
    assert set(placed) == {*READS, "events", "items"}
    for name, ups in READS.items():
        assert [up for up in ups if placed[up][0] >= placed[name][0]] == []
    assert len(set(placed.values())) == len(placed)


def test_a_family_is_ancestors_and_descendants():
    """Of `b` neither its sibling nor a table apart; the chosen box is marked, folders colour."""
    svg = family_graph("b", READS, {"b": "user", "a": "item"})
    assert set(boxes(svg)) == {"events", "a", "b", "d"}
    assert '<a href="#b" class="user" aria-current="true">' in svg
    assert '<a href="#events" class="lake">' in svg
    assert svg.count("<path") == 3
