"""Thirty publishers killed at random moments, and a reader who must never notice."""

import contextlib
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.publish import publish_lists
from serving.app import create_app
from serving.lists.provenance import Provenance
from serving.lists.static_lists import StaticLists
from serving.shelf.shelf import Shelf
from settings import Settings
from store.connection import StoreSettings, connect_reader
from store.features import FeatureKind, FeatureTable
from store.pointer import read_active
from store.versions import list_versions
from tests.feature_fixtures import add_features
from tests.publish.forking_publisher import SETTINGS
from tests.shelf_fixtures import make_lists, version_id

ROUNDS = 30
N_USERS = 8000
KIND = FeatureKind("user", 30, N_USERS, (FeatureTable("made", ("version",), None),))


class Publisher:
    """A process that publishes in forks of itself, which this kills."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tests.publish.forking_publisher", url]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            command, cwd=root, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def publish(self, directory: Path, kill_after_s: float | None = None) -> tuple[bool, float]:
        """Whether the fork that publishes *directory* ended by itself, and how long it lived."""
        print(directory, file=self.process.stdin, flush=True)
        pid, started = int(self.process.stdout.readline()), time.perf_counter()
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        status = int(self.process.stdout.readline())
        assert status in (0, signal.SIGKILL)
        return status == 0, time.perf_counter() - started

    def close(self) -> None:
        """End the process, which ends with its input."""
        self.process.communicate()


class Reader(threading.Thread):
    """Asks for random users through the real application, following the pointer closely."""

    def __init__(self, settings: StoreSettings, folder: Path, seed: int) -> None:
        super().__init__(name="reader")
        self.folder = folder
        patient = settings.model_copy(update={"timeout_ms": 2000})  # two cores, three processes
        empty = StaticLists(Provenance(None, None, None, None), {})
        self.shelf = Shelf(connect_reader(patient), "demo", empty, cached_blocks=4)
        self.random = random.Random(seed)
        self.ended = threading.Event()
        self.answers: dict[str, int] = {}
        self.wrong: list[object] = []

    def run(self) -> None:
        settings = Settings(self.folder / "nightshelf.toml", {}, {})
        with create_app(settings, self.shelf).test_client() as http:
            while not self.ended.is_set():
                self.shelf.refresh()
                user = f"u{self.random.randrange(N_USERS)}"
                surface = self.random.choice(["home", "discover"])
                answer = http.get(f"/recs/{user}?n=20&surface={surface}").get_json()
                self.check(answer)
                self.check_features(user, http.get(f"/features/user/{user}").get_json())
                time.sleep(0.001)

    def wait_for(self, version: str) -> None:
        """Until an answer came from *version*."""
        seen, deadline = self.answers.get(version, 0), time.monotonic() + 30
        while self.answers.get(version, 0) == seen:
            assert self.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def check(self, answer) -> None:
        """Note an answer that is not personal, complete and of one version."""
        version = answer["version"]
        self.answers[version] = self.answers.get(version, 0) + 1
        whole = [answer["served_by"], len(answer["items"])] == ["personal", 20]
        titles = {item["title"].rpartition(" of ")[2] for item in answer["items"]}
        if not whole or titles != {version} or {i["tier"] for i in answer["items"]} != {"personal"}:
            self.wrong.append(answer)

    def check_features(self, user, answer) -> None:
        """Note an answer whose values are not those of the version that it names."""
        if answer.get("features") != {user: {"made.version": answer.get("version")}}:
            self.wrong.append(answer)


def made(directory: Path, day: int) -> Path:
    """Lists of *day*, and a feature of every user that says of which version it is."""
    make_lists(directory, day=day, tag=f"{day:x}", n_users=N_USERS, n_buckets=40)
    cells = [json.dumps(version_id(day, f"{day:x}")).encode()]
    return add_features(directory, {KIND: {f"u{k}": cells for k in range(N_USERS)}})


@pytest.fixture
def reader(store_settings, tmp_path):
    """A reader that is stopped whatever happens."""
    reader = Reader(store_settings, tmp_path, seed=1)
    yield reader
    reader.ended.set()
    reader.join()
    reader.shelf.close()


@pytest.fixture
def publisher(store_settings):
    """A publisher to kill."""
    publisher = Publisher(store_settings.url)
    yield publisher
    publisher.close()


def test_killing_a_publisher_never_shows_a_partial_version(client, tmp_path, reader, publisher):
    """Through 30 kills every answer, of lists and of features, is complete and of one version.

    The next publish succeeds.
    """
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    directories = [made(tmp_path / str(day), day) for day in (1, 2, 3, 4)]
    publisher.publish(directories[0])
    reader.start()
    reader.wait_for(version_id(1, "1"))
    ended, whole = publisher.publish(directories[1])
    assert ended
    kills, left = 0, []
    while kills < ROUNDS:
        live = read_active(client, "demo").version
        others = [d for d in directories if version_id(int(d.name), d.name) != live]
        ended, _ = publisher.publish(chance.choice(others), chance.uniform(0, whole))
        kills += not ended
        whole *= 0.9 if ended else 1.1  # late kills and early ones, whatever the machine's pace
        left += [r.state for r in list_versions(client, "demo") if r.state != "ready"]
    last = publish_lists(directories[3], client, "demo", SETTINGS, allow_older=True)
    reader.wait_for(version_id(4, "4"))
    reader.ended.set()
    reader.join()
    print(f"left {left}; answers {reader.answers}; a publish takes {whole:.2f} s")
    assert reader.wrong == []
    assert "loading" in left
    assert (last.version, read_active(client, "demo").version) == (version_id(4, "4"),) * 2
    assert {record.state for record in list_versions(client, "demo")} == {"ready"}
