"""Ask a Nightshelf service for recommendations.

`Client` has a method for each question, answers are frozen dataclasses, and what goes wrong is
a `NightshelfError`. Nothing but Python's own library is needed.
"""

from nightshelf_client.answers import (
    Answer,
    Contribution,
    Explanation,
    FeatureValues,
    Item,
    KnownItem,
    Pointer,
    Profile,
    Ranked,
    RankedItem,
    Ready,
    Reason,
    RecentEvent,
    RejectedEvent,
    StoredList,
    Taken,
    Version,
    Versions,
)
from nightshelf_client.client import Client
from nightshelf_client.errors import (
    AccessError,
    AnswerError,
    AwayError,
    BusyError,
    NightshelfError,
    ProblemError,
    ServiceError,
    UnreachableError,
)
from nightshelf_client.fallback import Away, Fallback, empty, held_or_empty
from nightshelf_client.question import Wish

__all__ = [
    "AccessError",
    "Answer",
    "AnswerError",
    "Away",
    "AwayError",
    "BusyError",
    "Client",
    "Contribution",
    "Explanation",
    "Fallback",
    "FeatureValues",
    "Item",
    "KnownItem",
    "NightshelfError",
    "Pointer",
    "ProblemError",
    "Profile",
    "Ranked",
    "RankedItem",
    "Ready",
    "Reason",
    "RecentEvent",
    "RejectedEvent",
    "ServiceError",
    "StoredList",
    "Taken",
    "UnreachableError",
    "Version",
    "Versions",
    "Wish",
    "empty",
    "held_or_empty",
]
