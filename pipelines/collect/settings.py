"""The `[collect]` section."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from settings import Section
from settings.durations import Duration, PositiveDuration

SourceName = Literal["stream", "kafka"]
SHORTEST_MEMORY = timedelta(days=7)  # an event may be sent again for that long


def _long_enough(span: timedelta) -> timedelta:
    if span < SHORTEST_MEMORY:
        raise ValueError('expected at least "7d": an event may be sent again for that long')
    return span


class KafkaSettings(Section):
    """A topic whose messages are event records (`store/events.py`), needs the kafka extra."""

    brokers: str | None = None  # host:port, more of them after commas
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")] = "nightshelf-events"
    group: Annotated[str, Field(min_length=1, max_length=255)] = "lake"
    # More of librdkafka's, e.g. {"security.protocol" = "SSL", "ssl.ca.location" = "/etc/ca.pem"}.
    options: dict[str, str] = {}


class CollectSettings(Section):
    """How events come from the log to the lake."""

    section_name: ClassVar[str] = "collect"

    source: SourceName = "stream"
    batch_events: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000  # at most, of one commit
    every: PositiveDuration = timedelta(seconds=10)  # between two looks of `--follow`
    # A batch with more bad records waits for somebody to look; fewer go to quarantine.
    max_bad_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    min_bad: Annotated[int, Field(ge=0)] = 20  # as many never stop a batch, however small it is
    great_expectations: bool = True  # judges each batch; without it the same rules are compared
    # The id of an event is known for so long after the event was received.
    remember: Annotated[Duration, AfterValidator(_long_enough)] = SHORTEST_MEMORY
    stuck_after: PositiveDuration = timedelta(minutes=2)  # a silent collector is then taken over
    compact_files: Annotated[int, Field(ge=2, le=1000)] = 16  # small files of a day become one
    compact_after: PositiveDuration = timedelta(hours=1)  # or when a day had no new one that long
    compact_rows: Annotated[int, Field(ge=1)] = 500_000  # a file of as many is not small
    kafka: KafkaSettings = KafkaSettings()
