"""A Kafka topic whose messages are event records, read as one consumer group.

All partitions are assigned by hand, since there is one collector at a time; offsets are committed
to the broker once the rows are safe. Kafka keeps messages by its own rules, whether read or not:
its retention has to be longer than a collector may be away.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from pipelines.collect.settings import CollectSettings
from pipelines.collect.source import EventSourceError, Lag, Record
from settings import Settings, SettingsError

try:
    from confluent_kafka import Consumer, KafkaException, TopicPartition
except ImportError as error:  # an extra
    raise EventSourceError(
        f'[collect] source = "kafka" needs confluent-kafka ({error}); '
        "install it with: pip install -r requirements-kafka.txt"
    ) from None

ANSWER_S = 10.0
WAIT_S = 0.5  # of a read that finds less than it may take
_OURS = {
    "enable.auto.commit": "false",  # offsets are committed when the rows are safe
    "enable.auto.offset.store": "false",
    "auto.offset.reset": "earliest",
    "allow.auto.create.topics": "false",
    "fetch.wait.max.ms": "100",  # of the broker, for more to come
}
Positions = dict[int, int]  # partition → the offset of the next message


class KafkaSource:
    """Events of `[collect.kafka]`."""

    name = "kafka"

    def __init__(self, settings: Settings) -> None:
        """Raises `SettingsError` without brokers, `EventSourceError` when none answers."""
        chosen = settings.read(CollectSettings).kafka
        if chosen.brokers is None:
            raise SettingsError(
                f'{settings.path}: [collect] source = "kafka" needs brokers in [collect.kafka]: '
                'brokers = "host:9092"'
            )
        self._topic = chosen.topic
        self._brokers = chosen.brokers
        ours = {"bootstrap.servers": chosen.brokers, "group.id": chosen.group, **_OURS}
        self._consumer = Consumer({**chosen.options, **ours})
        self._next: Positions = {}
        self._assign()

    def _assign(self) -> None:
        """All partitions there are now, each from what was committed last, else its beginning."""
        try:
            partitions = [TopicPartition(self._topic, n) for n in self._partitions()]
            committed = self._consumer.committed(partitions, timeout=ANSWER_S)
            for place in committed:
                low, _ = self._consumer.get_watermark_offsets(place, timeout=ANSWER_S)
                place.offset = max(place.offset, low)  # negative: nothing was committed yet
            self._consumer.assign(committed)
        except KafkaException as error:
            raise self._named(error) from None
        self._next = {place.partition: place.offset for place in committed}
        self._unfinished = False

    def _go_back(self) -> None:
        """Reads on from what is not acknowledged."""
        places = [TopicPartition(self._topic, *pair) for pair in sorted(self._next.items())]
        self._consumer.assign(places)
        self._unfinished = False

    def _partitions(self) -> list[int]:
        topic = self._consumer.list_topics(self._topic, timeout=ANSWER_S).topics[self._topic]
        if topic.error is not None:
            raise self._named(topic.error)
        return sorted(topic.partitions)

    def read(self, limit: int) -> Sequence[Record]:
        try:
            if self._unfinished:
                self._go_back()
            found = self._consumer.consume(num_messages=limit, timeout=WAIT_S)
            self._unfinished = bool(found)
            if not found and self._partitions() != sorted(self._next):
                self._assign()  # partitions were added
        except KafkaException as error:
            raise self._named(error) from None
        for message in found:
            if message.error() is not None:
                raise self._named(message.error())
        return [
            Record(
                f"{self._topic}/{message.partition()}/{message.offset()}", message.value() or b""
            )
            for message in found
        ]

    def acknowledge(self, records: Sequence[Record]) -> None:
        after = _after(records)
        places = [TopicPartition(self._topic, *pair) for pair in sorted(after.items())]
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            raise self._named(error) from None
        self._next |= after
        self._unfinished = False

    def positions(self, records: Sequence[Record]) -> dict[str, Any]:
        return {f"{self._topic}/{n}": offset for n, offset in sorted(_after(records).items())}

    def lag(self) -> Lag:
        waiting, oldest = 0, None
        try:
            for partition, offset in self._next.items():
                place = TopicPartition(self._topic, partition)
                low, high = self._consumer.get_watermark_offsets(place, timeout=ANSWER_S)
                waiting += max(0, high - max(low, offset))
        except KafkaException as error:
            raise self._named(error) from None
        if waiting:
            oldest = self._oldest()
        return Lag(waiting, oldest)

    def _oldest(self) -> float | None:
        """Age in seconds of the next message; None where the broker does not say."""
        try:
            self._go_back()
            found = self._consumer.consume(num_messages=1, timeout=WAIT_S)
            self._unfinished = True
        except KafkaException as error:
            raise self._named(error) from None
        moments = [message.timestamp()[1] for message in found if message.error() is None]
        return max(0.0, time.time() - min(moments) / 1000) if moments else None

    def close(self) -> None:
        self._consumer.close()

    def _named(self, error: Any) -> EventSourceError:
        return EventSourceError(
            f"topic {self._topic} at {self._brokers}: {error}; "
            "nothing is lost: what was not collected waits there"
        )


def _after(records: Sequence[Record]) -> Positions:
    """The offset behind the last of *records* of each partition."""
    after: Positions = {}
    for record in records:
        _, partition, offset = record.entry.rsplit("/", 2)
        after[int(partition)] = max(after.get(int(partition), 0), int(offset) + 1)
    return after
