"""What shoppers did, counted where they did it: whatever arrives is compared with this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipelines.simulate.app import Taken

LISTS, CONTROL = "lists", "control"
_ROUNDS = 1000


@dataclass
class Tally:
    """Of one user: pages, items shown, clicks, purchases of what was clicked, other purchases."""

    pages: int = 0
    shown: int = 0
    clicks: int = 0
    bought: int = 0
    bought_elsewhere: int = 0


@dataclass
class Summary:
    """A day of play; `shown` counts items of impressions that were taken in."""

    group_of: Callable[[str], str]
    visits: int = 0
    lost: int = 0
    repeated: int = 0
    doubled: int = 0
    accepted: int = 0
    refused: int = 0
    failed: int = 0
    served_by: dict[str, int] = field(default_factory=dict)  # tier → pages
    users: dict[str, Tally] = field(default_factory=dict)

    def visit(self, user: str) -> None:
        self.visits += 1
        self._of(user)

    def page(self, user: str, tier: str) -> None:
        self._of(user).pages += 1
        self.served_by[tier] = self.served_by.get(tier, 0) + 1

    def shown(self, user: str, items: int) -> None:
        self._of(user).shown += items

    def clicked(self, user: str) -> None:
        self._of(user).clicks += 1

    def bought(self, user: str, *, shown: bool) -> None:
        if shown:
            self._of(user).bought += 1
        else:
            self._of(user).bought_elsewhere += 1

    def answered(self, taken: Taken) -> None:
        self.accepted += taken.accepted
        self.refused += taken.refused
        self.failed += taken.failed

    def groups(self) -> Mapping[str, list[Tally]]:
        """The tallies of each group's users."""
        found: dict[str, list[Tally]] = {}
        for user, tally in sorted(self.users.items()):
            found.setdefault(self.group_of(user), []).append(tally)
        return found

    def _of(self, user: str) -> Tally:
        return self.users.setdefault(user, Tally())


def click_rate(tallies: list[Tally], seed: int) -> tuple[float, float, float]:
    """Clicks an item shown, with the bounds of its 95 % interval.

    A bootstrap over users (Efron 1979), whose clicks are not independent of each other.
    """
    clicks = np.array([tally.clicks for tally in tallies], dtype=np.float64)
    shown = np.array([tally.shown for tally in tallies], dtype=np.float64)
    if shown.sum() == 0:
        return 0.0, 0.0, 0.0
    dice = np.random.default_rng(seed)
    weights = dice.multinomial(len(tallies), np.full(len(tallies), 1 / len(tallies)), _ROUNDS)
    rates = (weights @ clicks) / np.maximum(weights @ shown, 1)
    low, high = np.quantile(rates, (0.025, 0.975))
    return float(clicks.sum() / shown.sum()), float(low), float(high)


def describe(summary: Summary, seed: int) -> list[str]:
    """Lines for people: the counts, then the click rate of each group."""
    tallies = list(summary.users.values())
    total = {
        name: sum(getattr(tally, name) for tally in tallies)
        for name in ("pages", "shown", "clicks", "bought", "bought_elsewhere")
    }
    tiers = ", ".join(f"{tier} {n}" for tier, n in sorted(summary.served_by.items()))
    lines = [
        f"visits {summary.visits} of {len(tallies)} users, page views {total['pages']} ({tiers})",
        f"impressions {total['shown']} items, clicks {total['clicks']}, "
        f"purchases {total['bought']} clicked and {total['bought_elsewhere']} other",
        f"events accepted {summary.accepted}, lost {summary.lost}, repeated {summary.repeated}, "
        f"double clicks {summary.doubled}, refused {summary.refused}, failed {summary.failed}",
    ]
    for group, members in summary.groups().items():
        rate, low, high = click_rate(members, seed)
        lines.append(
            f"CTR of {group}: {rate:.2%} ({low:.2%} to {high:.2%}, 95 %, {len(members)} users)"
        )
    return lines
