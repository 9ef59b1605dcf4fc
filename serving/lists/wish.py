"""What a request for recommendations asks for, checked."""

from __future__ import annotations

from dataclasses import dataclass

from serving.lists.shown import Shown

# Members that an item of an answer may have; `item_id` is always there.
ITEM_FIELDS = (
    "rank",
    "item_id",
    "score",
    "title",
    "category",
    "reason",
    "source",
    "tier",
    "propensity",
    "explanation",
)


@dataclass(frozen=True)
class Wish:
    """One request, every value of it checked."""

    user_id: str | None  # None: somebody who is not known, but for the session
    surface: str
    n: int
    exclude: frozenset[str]  # item ids
    categories: frozenset[str]  # empty: every category
    offset: int = 0  # items passed over, as those of earlier pages
    min_score: float | None = None  # of an item as it is shown, whatever its tier
    seen: bool | None = None  # whether to show what the user had; None: as the surface does
    explain: bool = False  # whether to say what speaks for the first items
    fields: tuple[str, ...] = ITEM_FIELDS[:-1]  # members of an item, in the order of `ITEM_FIELDS`
    context: tuple[tuple[str, str], ...] = ()  # name → value, sorted by name
    session: tuple[str, ...] = ()  # items that the caller says were looked at, newest first
    exclude_categories: frozenset[str] = frozenset()  # by rules
    only_categories: frozenset[str] | None = None  # that rules leave; None: every category

    def of(self, user_id: str) -> Wish:
        """The same wish of another user."""
        other = object.__new__(Wish)
        other.__dict__.update(self.__dict__, user_id=user_id)
        return other

    def allows(self, shown: Shown) -> bool:
        """Whether *shown* passes the filters of the request."""
        return (
            shown.row.item_id not in self.exclude
            and shown.row.item_id not in self.session
            and (not self.categories or shown.row.category in self.categories)
            and shown.row.category not in self.exclude_categories
            and (self.only_categories is None or shown.row.category in self.only_categories)
            and (self.min_score is None or shown.score >= self.min_score)
        )

    def as_key(self) -> tuple[object, ...]:
        """Everything that is asked for, spelt one way."""
        return (
            self.user_id,
            self.surface,
            self.n,
            sorted(self.exclude),
            sorted(self.categories),
            self.offset,
            self.min_score,
            self.seen,
            self.explain,
            self.fields,
            self.context,
            self.session,
            sorted(self.exclude_categories),
            None if self.only_categories is None else sorted(self.only_categories),
        )

    @property
    def chooses(self) -> bool:
        """Whether any item may be refused by `allows`."""
        return bool(self.exclude or self.session) or self.is_filtered

    @property
    def is_filtered(self) -> bool:
        """Whether how many stored items an answer takes cannot be said beforehand."""
        by_category = self.categories or self.exclude_categories or self.only_categories is not None
        return bool(by_category) or self.min_score is not None
