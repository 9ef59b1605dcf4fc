"""What stands around the lists: the user, the versions, and ids to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from werkzeug.exceptions import ServiceUnavailable

from serving.admin.routes import describe_versions
from serving.page.asked import MAX_EXAMPLES, Asked
from serving.profile import read_profile
from serving.settings import ServingSettings
from serving.shelf.patient import PatientStore
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot
from settings.errors import NightshelfError
from store.keys import bucket_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Around:
    """All of it as the JSON routes say it; empty with a *problem* when the store is away."""

    profile: Json | None = None
    active: Mapping[str, Any] | None = None
    versions: Sequence[Json] = ()
    examples: Sequence[str] = ()
    problem: str | None = None

    @property
    def kept(self) -> list[Json]:
        """The versions that can be compared with the live one."""
        return [row for row in self.versions if row["state"] == "ready" and not row["live"]]


def read_around(
    store: PatientStore, shelf: Shelf, asked: Asked, settings: ServingSettings
) -> Around:
    """What the store says of the user that *asked* names, and of its versions."""
    try:
        with store.open() as client:
            about = describe_versions(client, store.namespace)
            profile = None
            if asked.user_id is not None:
                profile = read_profile(client, store.namespace, asked.user_id, settings)
            examples = _find_examples(client, shelf.snapshot)
            return Around(profile, about["active"], about["versions"], examples)
    except ServiceUnavailable:
        problem = "The store does not answer: history, versions and examples cannot be shown."
    except NightshelfError as error:  # a damaged pointer or record
        problem = f"{error}."
    return Around(problem=problem)


def _find_examples(client: redis.Redis, snapshot: Snapshot | None) -> list[str]:
    """Some ids of users whom the live version knows, of one bucket chosen by its name."""
    if snapshot is None:
        return []
    bucket = bucket_of(snapshot.keys.version, snapshot.n_buckets)
    found: Any = client.hrandfield(snapshot.keys.users(bucket), MAX_EXAMPLES)
    return sorted((name.decode("utf-8", "replace") for name in found or ()), key=_by_size)


def _by_size(name: str) -> tuple[int, str]:
    return len(name), name
