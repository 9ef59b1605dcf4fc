"""The catalogue in a real browser: search, lineage, keyboard, two widths, no complaints."""

from __future__ import annotations

import time

import pytest

from pipelines.catalogue.page import render_to
from tests.browser import open_browser
from tests.pipelines.catalogue.made_folder import big_settings, hostile_settings

WIDTHS = {"phone": (400, 850), "wide": (1600, 1000)}
SHOWN = "[...document.querySelectorAll('#ui-results > li:not([hidden])')].map(e => e.dataset.name)"
OPEN = "document.querySelector('.page.shown').id"
# What sticks out of the window although it does not lie in a box that scrolls.
SPILLED = """[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1)
    && !e.closest('.wide, pre, .skip, script, style');
}).map(e => `${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}`)"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One browser for all tests of this file."""
    with open_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def page(browser, finished_night):
    """The browser at the catalogue of a real night, on a wide window; its console must be clean."""
    browser.complaints.clear()
    browser.resize(*WIDTHS["wide"])
    browser.open("about:blank")
    browser.open(finished_night.path("catalog.html").as_uri())
    yield browser
    assert browser.complaints == []


def wait_until(browser, condition):
    deadline = time.monotonic() + 10
    while not browser.run(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)


def test_search_finds_tables_and_columns(page):
    """`/` leads to the search; words narrow the list; a column that is hit opens its table."""
    every = page.run(SHOWN)
    page.press("/")
    page.type("overdue category")
    found = page.run(SHOWN)
    assert 0 < len(found) < len(every)
    assert "user_category_history" in found
    assert page.run("document.getElementById('ui-count').textContent") == (
        f"{len(found)} of {len(every)} tables"
    )
    page.click('#ui-results .hits a[href="#user_category_history.category_overdue_ratio"]')
    wait_until(page, f"{OPEN} === 'user_category_history'")
    assert page.run("document.querySelector('.target').id") == (
        "user_category_history.category_overdue_ratio"
    )


def test_an_address_of_a_table_opens_at_the_top(page, finished_night):
    """The browser goes to what is named once the page is there: nothing above may be hidden."""
    page.resize(1200, 900)
    page.open("about:blank")
    page.open(finished_night.path("catalog.html").as_uri() + "#item_trend_28d")
    wait_until(page, f"{OPEN} === 'item_trend_28d' && document.readyState === 'complete'")
    time.sleep(0.3)  # it scrolls a moment after
    assert page.run("[scrollY, document.querySelector('.top').getBoundingClientRect().top]") == [
        0,
        0,
    ]


def test_the_keyboard_is_enough(page):
    """Search, down to a result, Enter: the table is open; Escape empties the search."""
    page.press("/")
    page.type("item_price_84d")
    page.press("ArrowDown")
    assert page.run("document.activeElement.getAttribute('href')") == "#item_price_84d"
    page.press("Enter")
    wait_until(page, f"{OPEN} === 'item_price_84d'")
    page.press("/")
    page.press("Escape")
    assert page.run("document.getElementById('ui-search').value") == ""


def test_filters_and_order(page):
    """Grain leaves its own tables; order by importance puts the largest share first."""
    page.run(
        "(() => { const e = document.getElementById('ui-grain'); e.value = 'label';"
        "e.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert set(page.run(SHOWN)) == {"purchased", "purchased_new", "user_churned"}
    page.run(
        "(() => { for (const [id, value] of [['ui-grain', ''], ['ui-order', 'gain']]) {"
        "const e = document.getElementById(id); e.value = value;"
        "e.dispatchEvent(new Event('input', {bubbles: true})); } })()"
    )
    gains = page.run("[...document.querySelectorAll('#ui-results > li')].map(e => +e.dataset.gain)")
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0
    page.click("#ui-drifted")
    assert page.run(SHOWN) == []


def test_lineage_is_followed_by_clicks(page):
    """From a table to what it is made of, down to the lake, and back to where one was."""
    page.run("location.hash = '#category_rhythm'")
    wait_until(page, f"{OPEN} === 'category_rhythm'")
    page.click('#category_rhythm .graph a[href="#user_category_history"]')
    wait_until(page, f"{OPEN} === 'user_category_history'")
    page.click('#user_category_history .graph a[href="#events"]')
    wait_until(page, f"{OPEN} === 'events'")
    page.run("history.back()")
    wait_until(page, f"{OPEN} === 'user_category_history'")
    assert page.run("document.querySelector('#ui-results a[aria-current]').hash") == (
        "#user_category_history"
    )


def test_pointing_at_a_table_shows_its_family(page):
    """Focus of a box in the whole graph: its ancestors and descendants stand out, no other."""
    page.run("document.querySelector('#ui-overview .graph a[href=\"#item_price_84d\"]').focus()")
    related = page.run(
        "[...document.querySelectorAll('#ui-overview .graph a.related')].map(e => e.hash "
        "|| e.getAttribute('href'))"
    )
    assert {"#events", "#items", "#item_price_84d", "#user_item_price"} <= set(related)
    assert "#item_rhythm" not in related


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_spills_over(page, width, dark):
    """At both widths the window scrolls down only, whatever table is open."""
    page.resize(*WIDTHS[width], dark=dark)
    spilled = {}
    for name in page.run("[...document.querySelectorAll('.page')].map(e => e.id)"):
        page.run(f"location.hash = '#{name}'")
        wait_until(page, f"{OPEN} === '{name}'")
        room = page.run("[document.documentElement.scrollWidth <= innerWidth]")
        if room != [True] or page.run(SPILLED):
            spilled[name] = page.run(SPILLED)
    assert spilled == {}


def test_text_can_be_read_in_light_and_dark(page):
    """The contrast of text against what is behind it is at least 4.5 : 1 in both."""
    measure = """(() => {
      const level = (text) => {
        const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(v => v / 255)
          .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = (e) => { const c = getComputedStyle(e).backgroundColor;
        return /, 0\\)/.test(c) && e.parentElement ? behind(e.parentElement) : c; };
      const poor = new Set();
      for (const e of document.querySelectorAll('.page.shown *, .tables *, .top *')) {
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.closest('svg')) {
          continue;
        }
        const [a, b] = [level(getComputedStyle(e).color), level(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.add(`${e.tagName}.${e.className} ${ratio.toFixed(1)}`);
      }
      return [...poor];
    })()"""
    page.run("location.hash = '#user_segment'")
    wait_until(page, f"{OPEN} === 'user_segment'")
    poor = {}
    for dark in (False, True):
        page.resize(*WIDTHS["wide"], dark=dark)
        poor[dark] = page.run(measure)
    assert poor == {False: [], True: []}


def test_a_phone_shows_the_list_or_a_table(page):
    """A table takes the whole width; a link leads back to all of them."""
    page.resize(*WIDTHS["phone"])
    page.click('#ui-results a[href="#category_popularity_28d"]')
    wait_until(page, f"{OPEN} === 'category_popularity_28d'")
    shown = "getComputedStyle(document.querySelector('.tables')).display"
    assert page.run(shown) == "none"
    page.click("#category_popularity_28d .back a")
    wait_until(page, f"{OPEN} === 'ui-overview'")
    assert page.run(shown) == "flex"


def test_hostile_text_runs_nothing(browser, tmp_path):
    """Opened, searched and walked through, the page does only what our script does."""
    target = tmp_path / "catalog.html"
    render_to(target, hostile_settings(tmp_path), None)
    browser.complaints.clear()
    browser.open(target.as_uri() + "#child")
    browser.run("location.hash = '#base'")
    assert browser.run("typeof window.hacked") == "undefined"
    assert browser.run("document.querySelector('#base .lead').textContent").startswith("</script>")
    assert browser.complaints == []


def test_hundreds_of_tables_stay_quick(browser, tmp_path):
    """With 400 tables the page opens within 3 s, and a letter in the search takes under 100 ms."""
    target = tmp_path / "catalog.html"
    render_to(target, big_settings(tmp_path, 400), None)
    browser.resize(*WIDTHS["wide"])
    started = time.monotonic()
    browser.open(target.as_uri())
    assert time.monotonic() - started < 3
    spent = browser.run(
        "(() => { const e = document.getElementById('ui-search'); const t = performance.now();"
        "for (const text of ['t', 't1', 't12', 't123']) { e.value = text;"
        "e.dispatchEvent(new Event('input', {bubbles: true})); document.body.offsetHeight; }"
        "return (performance.now() - t) / 4; })()"
    )
    assert browser.run(SHOWN) == ["t123"]
    assert spent < 100
