"""The catalogue as a file: whole, self-contained, escaped, and the same for the same run."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser

import pytest

from pipelines.__main__ import main
from pipelines.catalogue.page import render_to
from pipelines.catalogue.seen import see_run
from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.files import read_json
from tests.night_fixtures import copy_shop, open_shop
from tests.pipelines.catalogue.made_folder import HOSTILE, hostile_settings

VOID = {"meta", "link", "path", "rect", "input"}


class Page(HTMLParser):
    """What a browser would make of a page: tags, links, ids and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.ids = [], [], [], []
        self.loaded, self.words, self.scripts = set(), [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append(tag)
        self.open += [] if tag in VOID else [tag]
        self.links += [named["href"]] if tag == "a" else []
        self.ids += [named["id"]] if "id" in named else []
        self.loaded |= {value for name, value in attrs if name in ("src", "srcset", "data")}
        assert not [name for name in named if name.startswith("on")]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.words.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def text(finished_night):
    """`catalog.html` of a real night."""
    return finished_night.path("catalog.html").read_text(encoding="utf-8")


def test_every_table_and_column_is_there(finished_night, text):
    """Each has its place, descriptions are to be read, every link leads somewhere."""
    page = Page(text)
    files = load_folder(features_directory(finished_night.settings))
    places = {f"{name}.{c}" for name, file in files.items() for c in file.header.columns}
    assert (page.open, {*files, *places} - set(page.ids)) == ([], set())
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} - set(page.ids) == set()
    described = {" ".join(d.split()) for f in files.values() for d in f.header.columns.values()}
    assert described - set(page.words) == set()


def test_figures_are_those_of_the_run(finished_night, text):
    """Rows, importance with its place among all columns, and that the first night has no past."""
    shares = read_json(finished_night.path("evaluation.json"))["surfaces"]["home"]["importance"]
    tables = read_json(finished_night.path("distributions.json"))["tables"]
    ordered = sorted(shares, key=lambda name: (-shares[name], name))
    place, best = next((n, c) for n, c in enumerate(ordered, 1) if c.split(".")[0] in tables)
    part = text[text.index(f'id="{best}"') :]
    words = Page(part[part.index(">") + 1 : part.index("</li>")]).words
    assert f"no. {place}" in words
    assert f"{shares[best]:.1%}".replace("%", " %") in words
    everything = Page(text).words
    assert "first run, nothing to compare with" in everything
    assert f"{tables[best.split('.')[0]]['rows']:,}" in everything


def test_nothing_is_loaded_and_only_our_script_runs(text):
    """No address but inner ones; the policy allows the one script by its hash and no other."""
    page = Page(text)
    assert (page.loaded, {link for link in page.links if not link.startswith("#")}) == (
        set(),
        set(),
    )
    assert set(page.tags) & {"iframe", "img", "object", "embed", "base"} == set()
    outside = re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL)
    assert re.findall(r"https?://|url\(|@import", outside) == []
    (script,) = page.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text


def test_hostile_text_stays_text(tmp_path):
    """Descriptions, owners, comments and literals that look like markup are read as they are."""
    target = tmp_path / "catalog.html"
    render_to(target, hostile_settings(tmp_path), None)
    page = Page(target.read_text(encoding="utf-8"))
    assert (page.open, page.tags.count("script"), page.tags.count("img")) == ([], 1, 0)
    assert sum(HOSTILE in word for word in page.words) >= 10
    assert "no run yet: without figures" in page.words


def test_the_same_run_gives_the_same_page(finished_night, tmp_path, text):
    """Rendered again it is equal byte by byte."""
    target = tmp_path / "again.html"
    render_to(target, finished_night.settings, see_run(finished_night))
    assert target.read_text(encoding="utf-8") == text


def test_the_command_writes_the_page_anywhere(finished_night, tmp_path, capsys, text):
    """By default the figures are those of the newest run; the run itself is left alone."""
    target = tmp_path / "elsewhere" / "features.html"
    settings = str(finished_night.settings.path)
    assert main(["--settings", settings, "features", "catalog", "--to", str(target)]) == 0
    n_tables = len(load_folder(features_directory(finished_night.settings)))
    assert capsys.readouterr().out == (
        f"{target}: {n_tables} tables, figures of run {finished_night.id}\n"
    )
    assert target.read_text(encoding="utf-8") == text


def test_the_command_needs_no_run(tmp_path, capsys):
    """A folder that no night has seen yet has a page too, in its place below var/."""
    settings = hostile_settings(tmp_path)
    assert main(["--settings", str(settings.path), "features", "catalog"]) == 0
    target = tmp_path / "var" / "demo" / "catalog.html"
    assert capsys.readouterr().out == (
        f"{target}: 2 tables, without figures: no run has measured any yet\n"
    )
    assert target.exists()


def test_what_the_run_does_not_have_is_marked(finished_night, tmp_path):
    """A table and a column that were written since: without figures, and it says why."""
    folder = tmp_path / "shop"
    copy_shop(finished_night.settings, folder)
    shutil.copytree(features_directory(finished_night.settings), folder / "sql")
    popular = folder / "sql" / "item" / "item_popularity_28d.sql"
    text = popular.read_text(encoding="utf-8")
    popular.with_name("item_popularity_again.sql").write_text(text, encoding="utf-8")
    wider = text.replace("columns:\n", "columns:\n  n_again: The same.\n", 1)
    wider = wider.replace("count(*) as n_pur", "count(*) as n_again,\n    count(*) as n_pur")
    popular.write_text(wider, encoding="utf-8")
    changed = open_shop(folder, {"NIGHTSHELF__FEATURES__DIRECTORY": str(folder / "sql")})
    entries = render_to(tmp_path / "c.html", changed, see_run(finished_night))
    assert [entry.name for entry in entries if entry.is_unbuilt] == ["item_popularity_again"]
    columns = {(e.name, c.name) for e in entries for c in e.columns if c.is_unbuilt}
    assert columns == {("item_popularity_28d", "n_again")}
    text = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert text.count("not in this run yet") == 2
    assert text.count(f"Not in run {finished_night.id} yet") == 1
