"""A day that is replayed gives the same features, however its events arrived."""

import random
import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow.parquet as pq

from pipelines.features.build import SNAPSHOTS, build_features
from pipelines.files import read_json
from pipelines.lake import open_lake
from pipelines.night import begin_night
from store.keys import NamespaceKeys
from tests.night_fixtures import SHOP_AS_OF, make_shop, open_shop
from tests.pipelines.collect.shop_log import ShopLog, click, impression, micros

DAY = SHOP_AS_OF - timedelta(days=3)
NEWCOMER = "nobody knows them"


def day_of_events(dice):
    """A day of known and new users and items, an impression among them now and then."""
    events = []
    for number in range(120):
        at = DAY + timedelta(seconds=dice.randrange(86_400), microseconds=dice.randrange(10**6))
        user = NEWCOMER if number % 40 == 0 else f"u{dice.randrange(10):03d}"
        item = f"i{dice.randrange(14):03d}"
        if number % 6 == 0:
            events.append(impression(number, at, user_id=user))
            continue
        kind = dice.choice(["view", "click", "purchase"])
        price = f"{dice.randrange(1, 900) / 100}"
        events.append(click(number, at, user_id=user, item_id=item, event_type=kind, value=price))
    return events


def sent_again(event, dice):
    """The same event, received later."""
    return replace(event, received_at=event.received_at + dice.randrange(1, 10**9))


def test_a_replayed_day_gives_the_same_features(tmp_path, store_settings):
    """Shuffled, doubled, and a third late over several collections, nights and all: the same."""
    seed = random.randrange(10**9)
    print("seed", seed)
    dice = random.Random(seed)
    events = day_of_events(dice)
    make_shop(tmp_path / "a", users=10, items=12, weeks=5)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    orderly, messy = (ShopOf(tmp_path / name, store_settings.url, name) for name in "ab")
    orderly.append(*events)
    orderly.collect()

    doubled = events + [sent_again(event, dice) for event in dice.sample(events, 60)]
    dice.shuffle(doubled)
    late = {event.event_id for event in dice.sample(events, len(events) // 3)}
    in_time = [event for event in doubled if event.event_id not in late]
    messy.append(*in_time[::2])
    messy.collect()
    messy.append(*in_time[1::2])
    messy.collect()
    messy.ingest()  # what is late comes after a lake was made of the rest
    after = [replace(e, received_at=micros(SHOP_AS_OF) + n) for n, e in enumerate(doubled)]
    messy.append(*(event for event in after if event.event_id in late))
    messy.append(*dice.sample(after, 50))
    messy.collect()

    found = orderly.features()
    # Cutoffs that the day is no part of need not be computed twice.
    shutil.copytree(orderly.var / "snapshots", messy.var / "snapshots")
    assert messy.features() == found
    assert any(NEWCOMER in column for table in found.values() for column in table.values())
    n_shown = 3 * sum(event.event_type == "impression" for event in events)
    assert (orderly.shown(), messy.shown()) == (n_shown, n_shown)


class ShopOf(ShopLog):
    """A made shop whose web tier has a log of its own."""

    def __init__(self, folder, url, namespace):
        super().__init__(folder, url)
        self.namespace, self.key = namespace, NamespaceKeys(namespace).events
        self.var = folder / "var" / namespace

    @property
    def settings(self):
        environ = {
            "PROJECT__NAMESPACE": self.namespace,
            "STORE__URL": self.url,
            "NIGHT__TRAINING_CUTOFFS": "1",  # older ones do not see the day at all
            "COLLECT__GREAT_EXPECTATIONS": "false",
        }
        return open_shop(self.folder, {f"NIGHTSHELF__{k}": text for k, text in environ.items()})

    def ingest(self):
        return begin_night(self.settings)

    def features(self):
        """Every table of the night by moment and name, as columns."""
        run = self.ingest()
        build_features(run)
        folder = run.directory.parent.parent / "snapshots"
        return {
            name.rpartition("-")[0]: pq.read_table(folder / name, partitioning=None).to_pydict()
            for name in read_json(run.path(SNAPSHOTS))
        }

    def shown(self):
        """Rows of impressions in the lake."""
        files = open_lake(self.settings).impression_files(before=datetime(2100, 1, 1))
        return sum(pq.read_metadata(file).num_rows for file in files)
