"""The demo of the loop, part by part: what it draws, what it says, and where it may stand."""

from datetime import date
from xml.etree import ElementTree

import pytest

from demo.loop.parts import CONTROL_VARIABLES, SETTINGS, _control_settings, open_loop
from demo.loop.picture import draw_days
from demo.loop.told import tell_comparison, tell_rankers
from pipelines.evaluation.logged import LoggedComparison
from pipelines.measure.compare import Comparison, Difference, GroupFigure
from serving.settings import ServingSettings
from serving.sight.settings import MetricsSettings
from settings import ProjectSettings, load_settings
from store.connection import StoreSettings

DAYS = (date(2018, 1, 1), date(2018, 1, 2))
RATES = {"lists": 0.05, "control": 0.04}


def comparison():
    """Two days and all of them; the lists are better, worse, and not told apart."""
    figures = [
        GroupFigure(day, group, 10, 1000, round(1000 * rate), rate, rate - 0.01, rate + 0.01)
        for day in (*DAYS, None)
        for group, rate in RATES.items()
    ]
    bounds = {DAYS[0]: (0.001, 0.02), DAYS[1]: (-0.03, -0.01), None: (-0.01, 0.02)}
    differences = [
        Difference(day, "lists", "control", 0.01, low, high) for day, (low, high) in bounds.items()
    ]
    return Comparison(figures, differences)


def test_the_picture_is_a_file_of_its_own(tmp_path):
    """An SVG that parses without a page around it, with both groups and both days by name."""
    root = ElementTree.parse(draw_days(comparison(), tmp_path / "days.svg")).getroot()  # noqa: S314
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    said = " ".join("".join(root.itertext()).split())
    for words in ("2018-01-01", "2018-01-02", "their lists", "recent popularity", "clicks of an"):
        assert words in said


def test_every_direction_is_said(capsys):
    """Better, worse and not told apart, each with its figures."""
    tell_comparison(comparison())
    said = capsys.readouterr().out
    assert "2018-01-01: lists +1.00% against control (+0.10% … +2.00%): better" in said
    assert "2018-01-02: lists +1.00% against control (-3.00% … -1.00%): worse" in said
    assert "all days: lists +1.00% against control (-1.00% … +2.00%): not told apart" in said
    assert "2018-01-02   control      10    1000       40   4.00%   3.00% … 5.00%" in said


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.1, 0.3), "the ranker with impressions won"),
        ((-0.1, 0.3), "the ranker with impressions did not win: the two are not told apart"),
        ((-0.3, -0.1), "the ranker with impressions lost: the one without is better"),
    ],
)
def test_a_ranker_that_did_not_win_is_said(capsys, interval, words):
    """Whatever came of the comparison is one sentence."""
    values = {"with impressions": 1.2, "without": 1.0}
    tell_rankers(LoggedComparison(values, 0.2, interval, page_views=7, users=5))
    assert capsys.readouterr().out.rstrip().endswith(words)
    tell_rankers(None)
    assert "the rankers cannot be compared" in capsys.readouterr().out


def test_it_stands_beside_the_demo():
    """Nothing of the loop is where the demo is: namespace, store, ports of app and metrics."""
    loop = open_loop()
    demo = load_settings(SETTINGS.parents[2] / "nightshelf.toml", {})
    control = load_settings(SETTINGS, CONTROL_VARIABLES)
    assert _control_settings(loop).read(ServingSettings) == control.read(ServingSettings)
    assert control.read(ServingSettings).tiers == ["trending", "static"]
    places = [
        (s.read(ServingSettings).bind, s.read(MetricsSettings).bind) for s in (demo, loop, control)
    ]
    assert len({place for pair in places for place in pair}) == 6
    assert loop.read(StoreSettings).url != demo.read(StoreSettings).url
    assert loop.read(ProjectSettings).namespace != demo.read(ProjectSettings).namespace
