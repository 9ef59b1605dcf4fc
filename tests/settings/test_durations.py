"""Durations in the settings: read, written back, refused with what to write instead."""

import re
from datetime import timedelta
from typing import ClassVar

import pytest

from settings import Section, Settings, SettingsError
from settings.durations import Duration, PositiveDuration, format_duration, parse_duration


class Made(Section):
    """A section with one duration."""

    section_name: ClassVar[str] = "serving"

    stale_after: Duration = timedelta(hours=36)
    poll_every: PositiveDuration = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("36h", timedelta(hours=36)),
        ("30m", timedelta(minutes=30)),
        ("45s", timedelta(seconds=45)),
        ("2d", timedelta(days=2)),
        ("1500ms", timedelta(seconds=1.5)),
        ("0s", timedelta(0)),
    ],
)
def test_every_unit_is_read_and_written(text, span):
    """A duration is the span it names, and its written form reads as the same span."""
    assert parse_duration(text) == span
    assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize("value", ["36", "h", "1.5h", "-1h", "36 h", "36h\n", 36, True, None])
def test_other_values_are_refused(value, tmp_path):
    """The error names file, key, value and an example of what to write."""
    settings = Settings(tmp_path / "n.toml", {"serving": {"stale_after": value}}, {})
    with pytest.raises(SettingsError, match=r'n\.toml: serving\.stale_after = .*"36h"'):
        settings.read(Made)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("stale_after", "36501d", "('36501d' is too long; expected at most 36500d)"),
        ("stale_after", "999999999d", "('999999999d' is too long; expected at most 36500d)"),
        ("poll_every", "0s", 'expected duration above 0 like "36h"'),
    ],
)
def test_senseless_spans_are_refused(key, value, message, tmp_path):
    """Nothing lasts longer than a hundred years, and what must last may not be zero."""
    settings = Settings(tmp_path / "n.toml", {"serving": {key: value}}, {})
    with pytest.raises(SettingsError, match=re.escape(message)):
        settings.read(Made)


def test_defaults_take_part_in_fingerprints(tmp_path):
    """Two spellings of one span are the same settings."""
    one, other = (
        Settings(tmp_path, {"serving": {"stale_after": text}}, {}) for text in ("36h", "2160m")
    )
    assert one.fingerprint(Made) == other.fingerprint(Made) != ""
