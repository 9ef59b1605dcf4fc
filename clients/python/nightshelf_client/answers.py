"""What the service answers, as frozen dataclasses.

Members that this version of the client does not know are passed over; `raw` of a whole answer
has them. Words that the service may add to, such as tiers, are plain text for the same reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why an item is there; `text` is for shoppers, `item_id` the user's own item it names."""

    code: str
    text: str
    item_id: str | None


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """A part of an item's score: `share` of the sizes of all parts, `+` for the item, `-` not."""

    feature: str
    description: str | None
    share: float
    sign: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What spoke for an item: who proposed it, and what weighed most."""

    generators: tuple[str, ...]
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One recommended item; ranks start at 1, scores of personal lists are from 0 to 1."""

    rank: int
    item_id: str
    score: float
    title: str
    category: str
    reason: Reason
    source: str
    tier: str
    propensity: float
    explanation: Explanation | None = None  # only asked for with explain


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Recommendations, best first.

    `served_by` is the tier of the first item; `generated_at` the moment up to which events were
    seen. Both moments, `version` and `model` are None only of a service that never saw a list.
    """

    user_id: str | None
    surface: str
    served_by: str
    items: tuple[Item, ...]
    recommendation_id: str
    version: str | None
    model: str | None
    generated_at: datetime | None
    published_at: datetime | None
    stale: bool
    experiment: str | None = None
    rules: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Those of several users, in the order in which they were asked for."""

    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True)
class RankedItem:
    """One of the caller's items; `by` says what its score is from, None for nothing known."""

    rank: int
    item_id: str
    score: float | None
    by: str | None


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The caller's items, best first, without those in `hidden`."""

    user_id: str | None
    surface: str
    items: tuple[RankedItem, ...]
    without: tuple[str, ...]
    hidden: tuple[str, ...]
    vector_of: str | None
    version: str | None
    model: str | None
    generated_at: datetime | None
    published_at: datetime | None
    stale: bool
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class RejectedEvent:
    """An event that was not taken in: its place among those sent, and what is wrong with it."""

    index: int
    type: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many events are kept, and how well: `fsync`, `process` or `spool`."""

    accepted: int
    rejected: tuple[RejectedEvent, ...]
    durability: str


@dataclass(frozen=True, kw_only=True)
class KnownItem:
    """An item that a user had; without title where the live version does not have it."""

    item_id: str
    title: str | None
    category: str | None


@dataclass(frozen=True, kw_only=True)
class RecentEvent:
    """Something a user did since the lists were made."""

    event_type: str
    event_at: datetime
    item_id: str
    title: str | None
    category: str | None


@dataclass(frozen=True, kw_only=True)
class StoredList:
    """Whether the live version has a list of a user for a surface, and of how many items."""

    surface: str
    stored: bool
    n_items: int
    refreshed_at: datetime | None = None  # what a list made by day knows of; None: the night's


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What the service knows of a user; `known` is False for somebody nobody has heard of."""

    user_id: str
    known: bool
    segment: str | None
    top_categories: tuple[str, ...]
    last_items: tuple[KnownItem, ...]
    recent_events: tuple[RecentEvent, ...]
    lists: tuple[StoredList, ...]
    version: str | None
    generated_at: datetime | None
    published_at: datetime | None
    stale: bool
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class FeatureValues:
    """`features`: id → feature → value; `status`: id → one word, or feature → word."""

    kind: str
    features: dict[str, dict[str, Any]]
    status: dict[str, Any]
    computed_at: datetime | None
    published_at: datetime | None
    version: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """Which version is live, how many changes there were, and why nights must not change it."""

    version: str | None
    generation: int
    hold: str | None


@dataclass(frozen=True, kw_only=True)
class Version:
    """One set of lists that the store keeps; `metrics`: surface → metric → value."""

    version: str
    state: str
    live: bool
    as_of: datetime
    created: datetime
    published_at: datetime | None
    deactivated_at: datetime | None
    model: str | None
    surfaces: tuple[str, ...]
    metrics: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Versions:
    """What is live, and all that is kept, newest first."""

    active: Pointer
    versions: tuple[Version, ...]
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Ready:
    """`status` is `ready`, `degraded` or `not ready`; `checks` says what is wrong."""

    status: str
    version: str | None
    generation: int | None
    hold: str | None
    checks: dict[str, str]
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
