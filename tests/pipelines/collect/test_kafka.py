"""A topic as the source of events, against librdkafka's own mock cluster (no broker is at hand)."""

import json
from pathlib import Path

import pytest

from pipelines.collect.collect import open_event_source
from pipelines.collect.landing import Stored
from pipelines.collect.source import EventSourceError
from pipelines.collected import open_collected
from settings import SettingsError
from store.events import pack_event
from tests.pipelines.collect.shop_log import ShopLog, click, impression

confluent_kafka = pytest.importorskip("confluent_kafka")
TOPIC = "nightshelf-events"


@pytest.fixture(scope="module")
def cluster():
    """A producer that is also the cluster: it speaks the protocol on a port of loopback."""
    producer = confluent_kafka.Producer({"test.mock.num.brokers": "1", "log_level": 3})
    for partition in range(2):
        producer.produce(TOPIC, b"made the topic", partition=partition)
    producer.flush(10)
    return producer


@pytest.fixture
def topic(tmp_path: Path, store_settings, cluster):
    """A shop that collects from the topic, after what earlier tests left there."""
    brokers = cluster.list_topics(timeout=10).brokers.values()
    log = ShopLog(tmp_path, store_settings.url)
    address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    log.chosen["kafka"] = {
        "brokers": address,
        "group": tmp_path.name,
        "options": {"log_level": "3"},
    }
    log.chosen |= {"source": "kafka", "batch_events": 7}
    source = open_event_source(log.settings)
    while records := source.read(1000):
        source.acknowledge(records)
    source.close()
    yield log
    log.client.close()


def send(cluster, *events):
    for number, event in enumerate(events):
        cluster.produce(TOPIC, pack_event(event), partition=number % 2)
    assert cluster.flush(10) == 0


def test_events_of_a_topic_are_stored_once_and_offsets_are_committed(topic, cluster):
    """Several batches of two partitions, doubles included; the next collector finds nothing."""
    send(cluster, *(click(number) for number in range(18)), impression(50), click(0), click(1))
    stored = topic.collect()
    assert stored == Stored(records=21, events=18, impressions=1, duplicates=2)
    assert topic.collect() == Stored()
    assert set(topic.stored_once().values()) == {1}
    positions = open_collected(topic.settings).manifest["positions"]["kafka"]
    assert sorted(positions) == [f"{TOPIC}/0", f"{TOPIC}/1"]
    status = json.loads((topic.var / "collect" / "status.json").read_text())
    assert (status["source"], status["lag"]) == ("kafka", {"waiting": 0, "oldest_s": None})


def test_a_crash_before_the_offsets_are_committed_stores_nothing_twice(topic, cluster, monkeypatch):
    """What is read again is known; what was not acknowledged is read again by the same source."""
    send(cluster, *(click(100 + number) for number in range(6)))
    source = open_event_source(topic.settings)
    first, second = (
        {record.entry for record in source.read(6)} | {record.entry for record in source.read(6)}
        for _ in range(2)
    )
    assert (first, len(first), source.lag().waiting) == (second, 6, 6)
    assert 0 <= source.lag().oldest_s < 600
    source.close()

    class KilledError(Exception):
        pass

    def die(*_):
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.collect.kafka.KafkaSource.acknowledge", die)
        with pytest.raises(KilledError):
            topic.collect()
    before = len(topic.events())
    again = topic.collect()
    assert (before > 0, again.duplicates, len(topic.events())) == (True, before, 6)


def test_a_topic_that_is_not_there_is_named(topic, store_settings, tmp_path):
    """Without brokers, with one that does not answer, and with a topic that nobody made."""
    missing = ShopLog(tmp_path, store_settings.url, source="kafka")
    with pytest.raises(SettingsError, match=r"needs brokers in \[collect\.kafka\]"):
        missing.collect()
    topic.chosen["kafka"] |= {"topic": "unheard-of"}
    with pytest.raises(EventSourceError, match=r"topic unheard-of at 127\.0\.0\.1"):
        topic.collect()
