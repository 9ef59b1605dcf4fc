"""The sections `[metrics]`, `[logs]` and `[traces]`."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from settings import Section, Settings
from settings.durations import PositiveDuration
from settings.project import var_directory


class MetricsSettings(Section):
    """Where Prometheus finds the counts of all workers."""

    section_name: ClassVar[str] = "metrics"

    enabled: bool = True  # false: nothing is counted and nothing listens
    # host:port of its own, so that shoppers do not reach it.
    bind: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:9464"


class LogsSettings(Section):
    """What the web process writes to its log, one JSON object a line."""

    section_name: ClassVar[str] = "logs"

    # Requests that get a line; "errors" are those answered 5xx or slower than `slow`.
    requests: Literal["errors", "all", "none"] = "errors"
    slow: PositiveDuration = timedelta(milliseconds=150)  # of a request that then gets a line
    level: Literal["debug", "info", "warning", "error"] = "info"  # of the app's own lines


class TracesSettings(Section):
    """Whether requests are traced; the rest is said by OpenTelemetry's own OTEL_ variables."""

    section_name: ClassVar[str] = "traces"

    enabled: bool = False  # needs requirements-otel.txt


def workers_directory(settings: Settings) -> Path:
    """Where the workers of the application with this `[metrics] bind` keep their counts."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", settings.read(MetricsSettings).bind)
    return var_directory(settings) / "metrics" / "workers" / name


def passed_on(settings: Settings) -> tuple[Path, ...]:
    """Where `python -m pipelines measure` and `collect` leave gauges for `/metrics`."""
    var = var_directory(settings)
    return var / "measures" / "measures.prom", var / "metrics" / "collect.prom"
