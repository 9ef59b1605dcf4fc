"""The report page, in a real browser and as text."""

import re

import pytest

from pipelines.measure.day import measure_days
from pipelines.measure.report import judge, write_report
from pipelines.measure.settings import MeasureSettings
from tests.browser import open_browser
from tests.pipelines.measure.site import DAY, HOUR, MONDAY, Site, measured_site

NINE = MONDAY + 9 * HOUR
WIDTHS = {"phone": (390, 850), "wide": (1400, 1000)}
# What sticks out of the window although it does not lie in a box that scrolls.
SPILLED = """[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1)
    && !e.closest('.wide, .skip, style');
}).map(e => `${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}`)"""


def read(path):
    """A page's text without what the browser does not show."""
    return path.read_text(encoding="utf-8")


def test_the_page_in_a_browser(tmp_path):
    """Phone and desktop, light and dark: nothing spills, nothing is asked for, nobody complains."""
    site = measured_site(tmp_path)
    page = write_report(site.settings)
    profile = tmp_path / "browser"
    profile.mkdir()
    with open_browser(profile) as browser:
        for width in WIDTHS.values():
            for dark in (False, True):
                browser.resize(*width, dark=dark)
                browser.open(page.as_uri())
                assert browser.run(SPILLED) == []
        assert browser.run("document.querySelectorAll('svg').length") == read(page).count("<svg")
        shown = browser.run("[...document.querySelectorAll('.tiles strong')].map(e => e.innerText)")
        links = "[...document.querySelectorAll('nav a')].map(e => e.getAttribute('href').slice(1))"
        there = browser.run(f"{links}.every(id => document.getElementById(id))")
        assert (shown[:3], there) == (["12.5 %", "100.0 %", "25.0 %"], True)
        assert (browser.complaints, set(browser.requests)) == ([], {page.as_uri()})


def test_the_page_names_what_is_on_it(tmp_path):
    """The newest whole day with its verdicts; the day that still runs is said to."""
    text = read(write_report(measured_site(tmp_path).settings))
    assert "<dt>Day</dt><dd>2026-03-02</dd>" in text
    assert "Not over yet, as far as what was received says: 2026-03-03." in text
    found = re.findall(r'<th scope="row">(\w+)<small>.*?<span class="\w+">. (\w+)</span>', text)
    assert found == [("CTR", "undecided"), ("Acceptance", "reached"), ("Coverage", "undecided")]
    assert {"home", "discover", "trending", "personal"} <= set(
        re.findall(r'<th scope="row">(\w+)</th>', text)
    )
    for picture in ("CTR by day", "CTR by tier", "CTR by surface", "CTR by variant",
                    "CTR by place", "Coverage by day", "New and repeated"):  # fmt: skip
        assert f'aria-label="{picture}' in text, picture


def test_the_same_measures_give_the_same_page(tmp_path):
    """Byte for byte."""
    site = measured_site(tmp_path)
    assert read(write_report(site.settings)) == read(write_report(site.settings))


def test_what_comes_from_data_is_escaped(site):
    """A tier, a version and a variant that would be markup are text."""
    site.show("u", "ab", NINE, tier="<b>x</b>", variant='"><script>', version="<i>", surface="<u>")
    site.show("u", "ab", NINE, tier="<b>y</b>", variant="$x$ & y", version="v", surface="home")
    site.land()
    measure_days(site.settings)
    text = read(write_report(site.settings))
    assert [word for word in ("<b>", "<script", "<i>", "<u>") if word in text] == []
    assert {"&lt;b&gt;x", "&lt;script&gt;", "$x$ &amp; y"} <= {
        word for word in ("&lt;b&gt;x", "&lt;script&gt;", "$x$ &amp; y") if word in text
    }


def test_a_day_without_a_click_or_a_catalogue_has_a_page(site):
    """Nothing worked and nothing is known: dashes and zeros, no failure."""
    site.show("u", "a", NINE, tier="static", version="")
    site.land()
    measure_days(site.settings)
    text = read(write_report(site.settings))
    assert '<span class="label">CTR</span><strong>0.0 %</strong>' in text
    assert '<span class="label">Coverage, catalogue</span><strong>–</strong>' in text
    assert "2026-03-02 (still running)" in text


def test_without_measures_there_is_no_page(site):
    """Nothing was shown yet."""
    assert write_report(site.settings) is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.05, 0.2, "reached"), (0.01, 0.0499, "missed"), (0.01, 0.05, "undecided")],
)
def test_a_verdict_needs_the_whole_interval(low, high, verdict):
    """On one side of the target, or there is none."""
    rows = {f"{name}{end}": value for name in ("ctr", "acceptance", "coverage")
            for end, value in (("", low), ("_low", low), ("_high", high))}  # fmt: skip
    assert judge(rows, MeasureSettings())[0].verdict == verdict


def test_many_days_show_the_newest(tmp_path):
    """`report_days` of them; the others stay as Parquet."""
    site = Site(tmp_path, "[measure]\nreport_days = 2\nresamples = 50\n")
    for day in range(4):
        site.show("u", "ab", NINE + day * DAY)
    site.land()
    measure_days(site.settings)
    assert "2 days, 2026-03-04 … 2026-03-05" in read(write_report(site.settings))
