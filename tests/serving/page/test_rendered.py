"""The page as it leaves the server: everything is in it before any script runs."""

import json
import re
import time

import pytest

from pipelines.publish import PublishSettings, publish_lists
from store.keys import NamespaceKeys
from store.live import RecentEvent, hide_items, note_event
from tests.shelf_fixtures import make_lists, user_list, version_id

KEPT, LIVE = version_id(1), version_id(2, "1")


@pytest.fixture
def page(client, open_site, patient, tmp_path):
    """Two versions, the second live; what a GET answers, with its status, as text."""
    for day, tag in ((1, "0"), (2, "1")):
        lists = make_lists(tmp_path / f"lists-{day}", day=day, tag=tag, explained=3)
        publish_lists(lists, client, "demo", PublishSettings())
    site = open_site(patient)
    site.poller.poll()

    def call(query="", *, status=200, path="/", **headers):
        response = site.http.get(f"{path}{query}", headers=headers)
        assert (response.status_code, response.mimetype) == (status, "text/html")
        return response.get_data(as_text=True)

    call.site = site
    return call


def columns(text):
    """The item ids of each list on the page, in their order."""
    return [
        re.findall(r'<span class="id">(.*?)</span>', part)
        for part in text.split('<section class="list"')[1:]
    ]


def numbers(user, shift=1, length=3):
    """The items of a made user's list."""
    return [f"i{number}" for number in user_list(user, 40, length, shift)]


def test_the_list_is_that_of_the_api(page):
    """The same items, titles, scores, reasons and tiers in the same order."""
    text = page("?user=u2&n=7")
    answer = page.site.recs("u2?n=7")
    assert columns(text) == [[item["item_id"] for item in answer["items"]]]
    for item in answer["items"]:
        assert f">{item['title']}</h3>" in text
        assert item["reason"]["text"] in text
        assert f"score {item['score']}</span>" in text
    assert text.count('<span class="tier personal"') == 7


def test_explanations_are_bars_with_the_features_own_words(page):
    """Of the three items that have one; without the wish there is none."""
    text = page("?user=u2&n=5&explain=1")
    assert text.count("Proposed by trending, als.") == 3
    assert text.count("Days since the last purchase.") == 3
    assert text.count('<rect width="50.0"') == text.count("50 % for") == 3
    assert text.count('<rect width="25.0"') == text.count("25 % against") == 3
    assert "Proposed by" not in page("?user=u2&n=5")
    assert "No explanations are kept" in page("?user=u1&explain=1")


def test_two_surfaces_stand_side_by_side(page):
    """Each item says where it stands in the other list."""
    text = page("?user=u2&n=3&compare=discover")
    assert columns(text) == [numbers(2), numbers(2)]
    assert [text.count(f"{place} in the other") for place in ("1st", "2nd", "3rd")] == [2, 2, 2]
    assert text.count("3 of them in both lists") == 2


def test_two_versions_stand_side_by_side(page, client):
    """The kept one is read from the store, with its own titles; hidden items are in neither."""
    text = page(f"?user=u2&n=3&compare={KEPT}")
    assert columns(text) == [numbers(2), numbers(2, shift=0)]
    assert f"item {numbers(2, 0)[0][1:]} of {KEPT}</h3>" in text
    assert "none of them in both lists" in text
    assert columns(page(f"?user=u2&n=3&version={KEPT}")) == [numbers(2, shift=0)]
    hide_items(client, "demo", numbers(2, 0)[:1])
    page.site.poller.poll()
    assert columns(page(f"?user=u2&n=2&version={KEPT}")) == [numbers(2, shift=0)[1:]]


def test_the_history_stands_beside_the_list(page, client):
    """Segment, last events with titles, and how long the lists are."""
    note_event(client, "demo", "u2", RecentEvent(time.time(), "click", "i1"))
    text = page("?user=u2")
    assert "families" in text
    assert "home: 20, discover: 20" in text
    assert f'<span class="kind">click</span> <span dir="auto">item 1 of {LIVE}</span>' in text


def test_somebody_unknown_is_said_to_be_so(page):
    """With the tier that the list comes from."""
    text = page("?user=nobody")
    assert "Nobody called <bdi>nobody</bdi> is known." in text
    assert "popular with everybody right now" in text
    assert "Nothing is known of <bdi>nobody</bdi>" in text


def test_the_live_version_is_shown_with_its_age_and_metrics(page):
    """And the kept one with a button, and examples of users to try."""
    text = page()
    assert f'data-live="{LIVE}"' in text
    assert "published just now" in text
    assert "knows what happened before" in text
    assert text.count("<b>ndcg@20</b> home 0.360") == 2
    assert f'data-version="{KEPT}" aria-label' in text
    assert f'data-version="{LIVE}"' not in text
    names = re.findall(r'<a data-ask href="\?user=(u\d+)&amp;surface=home&amp;explain=1"', text)
    assert len(names) == 6
    assert "Nobody called" not in page(f"?user={names[0]}")


def test_a_hold_is_shown_with_its_reason(page):
    """As an operator wrote it, escaped."""
    page.site.http.post(f"/versions/{KEPT}/activate", json={"hold": "<b>bad</b> titles"})
    page.site.poller.poll()
    assert 'Held: <span dir="auto">&lt;b&gt;bad&lt;/b&gt; titles</span>' in page()


def test_the_button_is_off_where_it_would_be_refused(page):
    """A request that came through a proxy may look, and is told why it may not change anything."""
    text = page(X_Forwarded_For="203.0.113.9")
    assert f'data-version="{KEPT}" disabled aria-describedby="why-not"' in text
    assert "it came through a proxy" in text


WRONG = [
    ("?user=u1&surface=hme", 404, "surface = &#39;hme&#39;: expected one of home, discover."),
    (
        "?user=u1&compare=hme",
        404,
        "compare = &#39;hme&#39;: expected one of home, discover, or the",
    ),
    ("?surface=hme", 404, "expected one of home, discover."),
    ("?n=101", 422, "n = &#39;101&#39;: expected a whole number from 1 to 100."),
    ("?user=u1&n=0", 422, "n = &#39;0&#39;: expected a whole number from 1 to 100."),
    ("?user=u1&explain=yes", 422, "expected 0 or 1."),
    ("?user=u1&version=1", 404, "expected the id of a version"),
    (f"?user=u1&version={version_id(9)}", 404, "has no manifest"),
    (f"?user={'x' * 129}", 422, "expected 1 to 128 characters."),
    ("?user=a%00b", 422, "expected an id without NUL characters."),
]


@pytest.mark.parametrize(("query", "status", "words"), WRONG)
def test_what_cannot_be_asked_is_said_in_words(page, query, status, words):
    """On the page itself, whose form is there to try again."""
    text = page(query, status=status)
    assert words in text.partition('role="alert">')[2].partition("</p>")[0]
    assert 'id="ask"' in text


def test_a_list_is_shown_beside_a_version_that_cannot_be_read(page, client):
    """What is damaged is named, and the live list stays."""
    client.set(NamespaceKeys("demo").version(KEPT).manifest, "{")
    text = page(f"?user=u2&n=3&compare={KEPT}", status=404)
    assert columns(text) == [numbers(2)]
    assert f"Version {KEPT} cannot be read" in text


def test_markup_in_ids_and_titles_is_text(page, client):
    """Whoever names an item or types an id writes no HTML."""
    block = NamespaceKeys("demo").version(LIVE).catalogue(0)
    rows = [[f"i{k}", '<img src=x onerror="a()">', "<i>c</i>", 1.0] for k in range(16)]
    client.set(block, json.dumps(rows))
    text = page("?user=%3Cscript%3Ealert(1)%3C/script%3E&n=100")
    assert "<script>" not in text
    assert "<img" not in text
    assert "<i>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_without_the_store_the_page_shows_what_a_shopper_gets(page):
    """The list that the process holds, said to be one."""
    page.site.shelf.breaker.open()  # as when the poller cannot reach it
    text = page("?user=u2&n=3")
    assert "The store does not answer. This is what a shopper gets meanwhile." in text
    assert columns(text) == [["i0", "i1", "i2"]]


def test_the_files_of_the_page_may_be_kept(page):
    """For good under the address that the page names, which changes with the file."""
    text = page()
    for name in re.findall(r'(?:href|src)="(page/page[^"]*)"', text):
        response = page.site.http.get(f"/{name}")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        bare = page.site.http.get(f"/{name.partition('?')[0]}")
        assert (bare.headers["Cache-Control"], bare.data) == ("no-cache", response.data)
        tag = {"If-None-Match": bare.headers["ETag"]}
        assert page.site.http.get(f"/{name}", headers=tag).status_code == 304


def test_nothing_inline_runs_and_nothing_is_kept(page):
    """The policy allows files of this host alone; lists of users are in no cache."""
    headers = page.site.http.get("/?user=u1").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert {name: policy[name] for name in ("default-src", "script-src", "style-src")} == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
    }
    assert headers["Cache-Control"] == "private, no-store"
    text = page("?user=u2&explain=1")
    assert re.search(r"<script(?! src=\"page/)|<style| style=| on\w+=", text) is None


def test_the_part_is_the_page_without_its_frame(page):
    """What the script asks for is what the server writes into the page."""
    same = re.sub(r'<p class="note examples">.*?</p>', "", page("?user=u2"), flags=re.DOTALL)
    part = page("?user=u2", path="/page/list")
    part = re.sub(r'<p class="note examples">.*?</p>', "", part, flags=re.DOTALL)
    assert part.strip() in same
    assert "<html" not in part
