"""The `[serving]` section."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from serving.lists.rule_settings import RuleSettings, Tier
from settings import Section, Settings
from settings.durations import PositiveDuration
from settings.project import Identifier, var_directory

__all__ = ["ServingSettings", "Tier", "static_file"]


class ServingSettings(Section):
    """How the web process answers."""

    section_name: ClassVar[str] = "serving"

    bind: Annotated[str, Field(pattern=r"^(.+:\d{1,5}|unix:.+)$")] = "127.0.0.1:8000"  # host:port
    workers: Annotated[int, Field(ge=1, le=64)] = 2  # processes
    # Open at once, of each worker; a request that waits holds one and nothing else.
    connections: Annotated[int, Field(ge=1, le=100_000)] = 1000
    # The first that can fill an answer does; a short one is filled from the next.
    tiers: Annotated[list[Tier], Field(min_length=1)] = Field(
        default=["personal", "session", "segment", "context", "trending", "static"]
    )
    default_n: Annotated[int, Field(ge=1, le=1000)] = 10  # items of an answer
    max_n: Annotated[int, Field(ge=1, le=1000)] = 100  # that a request may ask for
    default_surface: str = "home"  # of a request that names none
    stale_after: PositiveDuration = timedelta(hours=36)  # since publishing
    # How often a process looks which version is live.
    poll_every: PositiveDuration = timedelta(milliseconds=500)
    max_users: Annotated[int, Field(ge=1, le=10_000)] = 1000  # of one POST /recs
    max_feature_ids: Annotated[int, Field(ge=1, le=10_000)] = 1000  # that a request may ask for
    max_rank_items: Annotated[int, Field(ge=1, le=5000)] = 500  # that a request may bring
    cached_blocks: Annotated[int, Field(ge=1, le=1_000_000)] = 2000  # of the catalogue
    cached_lists: Annotated[int, Field(ge=0, le=1_000_000)] = 2000  # of users asked for last
    # Failed trips in a row after which a process answers without the store until it is back.
    breaker_failures: Annotated[int, Field(ge=1, le=1000)] = 3
    static_path: str | None = None  # by default static.json in the namespace's folder of var
    rules: dict[Identifier, RuleSettings] = {}


def static_file(settings: Settings) -> Path:
    """Where the last list that needs no store is kept between restarts."""
    chosen = settings.read(ServingSettings).static_path
    return var_directory(settings) / "static.json" if chosen is None else settings.resolve(chosen)
