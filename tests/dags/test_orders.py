"""Orders: what a form or a REST call may ask for."""

from datetime import datetime

import pytest

from pipelines.orders import (
    BackfillOrder,
    NightOrder,
    OrderError,
    PromoteOrder,
    ReleaseOrder,
    RollBackOrder,
    TuneOrder,
    check_surfaces,
    read_order,
)
from settings import Settings

FORM = {"as_of": None, "publish": "publish", "force": False, "surfaces": []}


def test_an_untouched_form_is_a_plain_night():
    """The form's defaults order a published, unforced night at the settings' moment."""
    assert read_order(NightOrder, FORM, {}) == NightOrder()


def test_what_the_trigger_sends_wins_over_the_form():
    """Each field of the conf is taken, with the moment in naive UTC."""
    conf = {"as_of": "2018-01-01T02:00:00+02:00", "publish": "dry run", "surfaces": ["home"]}
    expected = NightOrder(as_of=datetime(2018, 1, 1), publish="dry run", surfaces=("home",))
    assert read_order(NightOrder, FORM, conf) == expected


@pytest.mark.parametrize(
    ("kind", "conf", "message"),
    [
        (
            NightOrder,
            {"dry_run": True},
            "unknown field dry_run = True; expected: as_of, publish, force, surfaces",
        ),
        (
            NightOrder,
            {"as_of": "tomorrow"},
            "field as_of = 'tomorrow': 'tomorrow' is not a moment; expected a date or ISO time "
            "such as 2018-01-01T00:00:00",
        ),
        (
            NightOrder,
            {"publish": "yes"},
            "field publish = 'yes': Input should be 'publish' or 'dry run'",
        ),
        (NightOrder, {"force": "no"}, "field force = 'no': Input should be a valid boolean"),
        (
            RollBackOrder,
            {"reason": ""},
            "field reason = '': String should have at least 1 character",
        ),
        (
            BackfillOrder,
            {"tables": ["user_history"], "cutoffs": 0},
            "field cutoffs = 0: Input should be greater than or equal to 1",
        ),
        (
            PromoteOrder,
            {"model": ""},
            "field model = '': String should have at least 1 character",
        ),
        (
            TuneOrder,
            {"budget": "20"},
            "field budget = '20': '20' is not a duration; write a whole number and a unit "
            '(ms, s, m, h, d): "36h"',
        ),
        (
            TuneOrder,
            {"budget": "0s"},
            "field budget = '0s': expected more than 0s",
        ),
        (
            TuneOrder,
            {"write": "no"},
            "field write = 'no': Input should be 'write' or 'dry run'",
        ),
        (ReleaseOrder, {"now": 1}, "unknown field now = 1; expected: no fields at all"),
    ],
)
def test_an_impossible_order_is_refused_naming_the_field(kind, conf, message):
    """Unknown keys, which REST lets through, and wrong values are errors that say what fits."""
    form = {
        NightOrder: FORM,
        PromoteOrder: {"model": "m", "reason": "x"},
        RollBackOrder: {"version": "", "reason": "x"},
        ReleaseOrder: {},
        TuneOrder: {"budget": None, "what": [], "surface": None, "write": "write"},
        BackfillOrder: {"tables": [], "cutoffs": 12, "newest": None, "run": None},
    }
    with pytest.raises(OrderError) as caught:
        read_order(kind, form[kind], conf)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            NightOrder(publish="dry run", surfaces=("home", "hone")),
            "surfaces = ['hone']: expected some of discover, home",
        ),
        (
            NightOrder(surfaces=("home",)),
            "surfaces = ['home'] with publish = 'publish': readers expect every surface in a "
            "version; leave surfaces empty, or choose 'dry run'",
        ),
    ],
)
def test_surfaces_must_exist_and_are_for_dry_runs(tmp_path, order, message):
    """A version that readers see always has all surfaces."""
    tables = {"surfaces": {"home": {}, "discover": {}}}
    settings = Settings(path=tmp_path / "nightshelf.toml", tables=tables, overrides={})
    with pytest.raises(OrderError) as caught:
        check_surfaces(order, settings)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("kind", "field"), [(NightOrder, "surfaces"), (TuneOrder, "what")], ids=["night", "tune"]
)
@pytest.mark.parametrize("value", ["als", 5])
def test_a_list_of_names_is_a_list(kind, field, value):
    """A word alone is not taken for its letters, and a number is refused like any other field."""
    with pytest.raises(OrderError, match=f"^field {field} = {value!r}: Input should be a valid tu"):
        read_order(kind, {}, {field: value})
