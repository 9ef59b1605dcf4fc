"""Ranges fit the settings that they vary."""

import pytest
from pydantic import ValidationError

from pipelines.candidates.known import GENERATORS
from pipelines.candidates.settings import CandidateSettings
from pipelines.ranking.settings import RankingSettings
from pipelines.tuning.generators import values_of, with_values
from pipelines.tuning.search import is_inside
from pipelines.tuning.spaces import RANKER, SPACES, space_of


def defaults_of(what):
    return RankingSettings() if what == RANKER else getattr(CandidateSettings(), what)


@pytest.fixture(params=[*SPACES, RANKER])
def what(request):
    """Each generator with a space in turn, and the ranker."""
    return request.param


def test_every_space_is_of_a_generator():
    """A generator that is renamed takes its space with it."""
    assert sorted(set(SPACES) - set(GENERATORS)) == []


def test_every_field_exists(what):
    """A renamed field of a settings class is missed here, not in the night after a study."""
    assert sorted(set(space_of(what)) - set(type(defaults_of(what)).model_fields)) == []


@pytest.mark.parametrize("end", ["low", "high"])
def test_both_ends_are_allowed(what, end):
    """The settings class takes the least and the largest value that a trial may have."""
    values = {name: getattr(span, end) for name, span in space_of(what).items()}
    try:
        section = with_values(defaults_of(what), values)
    except ValidationError as error:
        pytest.fail(f"{what}: {error}")
    assert values_of(section, space_of(what)) == values


def test_the_defaults_are_inside(what):
    """Trial 0 has the defaults, so each range holds them; whole numbers stay whole."""
    space = space_of(what)
    defaults = values_of(defaults_of(what), space)
    assert is_inside(space, defaults)
    assert {name: type(value) is int for name, value in defaults.items()} == {
        name: span.is_whole for name, span in space.items()
    }
