"""From the event log to the landing zone of the lake, each event once."""

from pipelines.collect.settings import CollectSettings

__all__ = ["CollectSettings"]
