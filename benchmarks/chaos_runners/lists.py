"""Made lists that a web process can show: those of `benchmarks.publish` under two versions."""

from __future__ import annotations

import json
from pathlib import Path

import redis

from benchmarks.publish import write_lists
from pipelines.publish import PublishSettings, publish_lists
from store.keys import USERS_PER_BUCKET

NAMESPACE = "bench"
N_CODES = 4  # of reasons and sources that the made lists have
Days = tuple[int, ...]


def user_paths(n_users: int, n_items: int) -> list[str]:
    """What is asked for: every user's list."""
    return [f"/recs/user-{k:08d}?n={n_items}" for k in range(n_users)]


def version_of(day: int) -> str:
    """The version made for *day* of January 2018."""
    return f"201801{day:02d}T000000-{'0' * 12}-{day:08d}"


def make_lists(folder: Path, n_users: int, length: int, n_items: int, days: Days) -> list[Path]:
    """Directories as the lists stage leaves them, one a day."""
    made = []
    for day in days:
        directory = folder / f"day-{day}"
        directory.mkdir(parents=True)
        write_lists(directory, n_users, length, USERS_PER_BUCKET, n_items)
        file = directory / "manifest.json"
        manifest = json.loads(file.read_text(encoding="utf-8"))
        manifest |= {
            "version": version_of(day),
            "run_id": version_of(day).rsplit("-", 1)[0],
            "as_of": f"2018-01-{day:02d}T00:00:00",
            "lists_hash": f"{day:064d}",
            "reasons": [{"code": f"r{k}", "text": "Popular in {category}"} for k in range(N_CODES)],
            "sources": [f"source-{k}" for k in range(N_CODES)],
            "had_items": [],
        }
        file.write_text(json.dumps(manifest), encoding="utf-8")
        made.append(directory)
    return made


def publish_all(client: redis.Redis, directories: list[Path]) -> None:
    """Publish them in their order."""
    for directory in directories:
        publish_lists(directory, client, NAMESPACE, PublishSettings(), allow_older=True)
