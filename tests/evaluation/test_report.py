"""The report: whole, self-contained, escaped, and the same for the same run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.evaluation.comparison_section import (
    ComparisonSection,
    FigureRow,
    ListsRow,
    build_comparison,
    comparison_lines,
)
from pipelines.evaluation.report import Gate, Stage, read_gates, read_stages, write_report
from pipelines.evaluation.shoppers import Shopper, ShownItem, pick_shoppers
from pipelines.features.rebuilt import REBUILT, describe_rebuilt
from pipelines.files import read_json, write_json
from pipelines.index import load_index
from pipelines.runs import Run
from tests.evaluation.reported_run import (
    HOSTILE,
    MODELS,
    made_comparison,
    made_evaluation,
    made_run,
    write_gate,
)

VOID = {"meta", "use", "path", "br", "link", "img"}


class Page(HTMLParser):
    """What a browser would make of a page: tags, links, ids and the text that people read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.add(named["href"])
        self.loaded |= {
            named[name] for name in ("src", "srcset", "data", "action") if name in named
        }
        if "id" in named:
            self.ids.append(named["id"])

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data.strip())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A made run with a passed gate and no report yet."""
    run = made_run(tmp_path)
    write_gate(run, success=True)
    return run


def write_and_read(run: Run) -> tuple[str, Page]:
    write_report(run)
    text = run.path("report.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_page_is_whole(run):
    """Every tag is closed, every model and surface is named, and every inner link has a target."""
    _, page = write_and_read(run)
    inner = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    named = {word for word in page.words if word in {*MODELS, "home", "discover"}}
    assert (page.open, inner - set(page.ids), named) == ([], set(), {*MODELS, "home", "discover"})
    assert len(page.ids) == len(set(page.ids))


def test_page_needs_nothing_else(run):
    """No script, no address and no file but the gate's page beside it is named."""
    text, page = write_and_read(run)
    outer = {link for link in page.links if not link.startswith("#")}
    assert (outer, page.loaded, page.tags & {"script", "iframe", "link", "img"}) == (
        {"quality/events.html"},
        set(),
        set(),
    )
    assert re.findall(r"https?://|url\((?!#)|@import|<!DOCTYPE svg", text) == []


def test_hostile_text_stays_text(run):
    """Titles, segments, columns, reasons and files called <script> reach the page as text only."""
    text, page = write_and_read(run)
    assert "<script" not in text
    # Column of the ranker, kind of item, two titles, quarantine reason, what is wrong with a file.
    assert page.words.count(HOSTILE) == 6
    assert f"discover: not comparable with the live version: the label was {HOSTILE}." in page.words
    assert f"{HOSTILE} (500)" in page.words


def test_page_is_the_same_again(run):
    """Two reports of one run are equal byte by byte."""
    first, _ = write_and_read(run)
    second, _ = write_and_read(run)
    assert first == second


def test_missing_models_and_users(tmp_path):
    """A surface without users or without most of its models is said to be so; nothing crashes."""
    evaluation = made_evaluation()
    models = evaluation["surfaces"]["home"]["models"]
    evaluation["surfaces"]["home"]["models"] = {"als": models["als"]}
    run = made_run(tmp_path, evaluation)
    text, page = write_and_read(run)
    assert "There is nothing to evaluate: 0 users" in text
    assert page.open == []


def test_surfaces_come_in_the_order_of_the_settings(run):
    """The settings name home before discover, the file has them by name."""
    text, _ = write_and_read(run)
    places = [text.index(f'id="surface-{name}"') for name in ("home", "discover")]
    assert places == sorted(places)


def test_groups_of_users_and_items_have_their_figures(run):
    """What the groups mean and what the models reach in them; a dash where there is nobody."""
    _, page = write_and_read(run)
    users = page.words[page.words.index("Users by activity") :]
    users = [word for word in users[: users.index("Items by how often they were chosen")] if word]
    start = users.index("new")
    assert users[start : start + 8] == ["new", "at most 5 events", "0", "–", "–", "–", "–", "light"]
    start = users.index("light")
    assert users[start : start + 7] == [
        "light",
        "6 to 40 events",
        "800",
        "0.400",
        "0.380",
        "0.200",
        "0.400",
    ]


def test_the_comparison_says_what_was_decided():
    """A line a surface for the terminal, in the order asked for, and why there is none."""
    assert comparison_lines(made_comparison(), ["home", "discover"]).splitlines() == [
        "home: against the live version better, NDCG@20 +0.0100 (+0.0040 … +0.0160, 1,100 users)",
        f"discover: not comparable with the live version: the label was {HOSTILE}.",
    ]
    nothing = {**made_comparison(), "reason": "no version is live yet", "surfaces": {}}
    assert comparison_lines(nothing, ["home"]) == (
        "Not comparable with the live version: no version is live yet."
    )


def test_the_comparison_is_on_the_page(run):
    """Figures with their verdicts, and how much of the live lists is left."""
    assert build_comparison(made_comparison(), ["home"]) == ComparisonSection(
        live="20171231T000000-def-87654321",
        model="ranker_with_rules",
        confidence="95 %",
        reasons=[f"discover: not comparable with the live version: the label was {HOSTILE}."],
        figures=[
            FigureRow(
                surface="home",
                metric=metric,
                users="1,100",
                live="0.3700",
                tonight="0.3800",
                difference="+0.0100",
                interval=interval,
                verdict=verdict,
            )
            for metric, interval, verdict in (
                ("NDCG@20", "+0.0040 … +0.0160", "better"),
                ("Recall@20", "−0.0020 … +0.0220", "not decided"),
            )
        ],
        lists=[
            ListsRow(
                surface="home",
                users="3",
                overlap_10="75.0 %",
                overlap_20="50.0 %",
                changed="100.0 %",
                only_tonight="1",
                only_live="2",
            )
        ],
    )
    _, page = write_and_read(run)
    words = page.words[page.words.index("Against the live version") :]
    assert {"▲ better", "not decided", "Users with any change"} <= set(words)


def test_shoppers(run):
    """The busy, typical and rare shopper see titles, shelves and reasons in order of rank."""
    milk = ShownItem("Oat milk $1", "Tea", 1.0, "Popular in Tea")
    hostile = ShownItem(HOSTILE, "", 0.75, f"Goes with {HOSTILE}")
    fish = ShownItem("i2", "Fish", 0.5, "Popular in Fish")  # without a title its id stands
    busy = {"home": [milk, hostile, fish], "discover": []}
    assert pick_shoppers(run, load_index(run)) == [
        Shopper("A busy shopper", "u2", HOSTILE, 3, busy),
        Shopper("A typical shopper", "u1", HOSTILE, 2, {"home": [milk, hostile], "discover": []}),
        Shopper("A rare shopper", "u0", HOSTILE, 1, {"home": [milk], "discover": []}),
    ]


def test_stages_add_up_shards(run):
    """Shards of scoring are one stage: seconds and rows added, memory the largest."""
    peaks = [record["peak_mb"] for record in run.stage_records()]
    assert read_stages(run) == [
        Stage("features", 2.0, peaks[0], {"tables": 7}),
        Stage("score", 4.5, max(peaks[1:]), {"users": 3, "rows": 30}),
    ]


def test_the_page_says_what_was_rebuilt(run):
    """Which feature tables the night built itself stands beside its seconds."""
    record = {"rebuilt": {"20240506T000000": ["visits"]}, "reused": 7}
    write_json(run.path(REBUILT), record)
    _, page = write_and_read(run)
    assert f"{describe_rebuilt(record)}." in page.words


def test_gates(run):
    """A failed gate shows how much failed and links to its page only when there is one."""
    write_gate(run, success=False)
    record = read_json(run.path("quality", "events.json"))
    write_json(run.path("quality", "lists.json"), {**record, "gate": "lists", "failures": []})
    assert read_gates(run) == [
        Gate("events", False, 2, 1, 1, "quality/events.html"),
        Gate("lists", False, 2, 1, 0, ""),
    ]
