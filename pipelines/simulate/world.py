"""Who may visit on a day and what they need: fitted habits, moods that drift, newcomers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from pipelines.interactions import FloatArray, IntArray
from pipelines.lake import Lake
from pipelines.simulate.choice import (
    ChoiceModel,
    SimulationError,
    fit_choice,
    own_items,
    popular_items,
)
from pipelines.simulate.past import Past, read_past
from pipelines.simulate.settings import SimulateSettings

NEW = "sim-"  # ids of users and items that the simulation made begin so
_PRIOR_DAYS = 14.0  # of shopping at the mean rate, that every user is credited with


@dataclass(frozen=True)
class Person:
    """Someone who may visit; *like* is the number of the user whose habits they have."""

    user_id: str
    like: int
    visits_a_day: float


@dataclass(frozen=True)
class World:
    """The shop on one day. The same lake, settings, seed and day give the same world.

    What happened on an earlier day stays, whatever the lake has learnt since: it is drawn for each
    person, of what was known at the origin.
    """

    past: Past
    begun: Past  # as of the origin
    choice: ChoiceModel
    settings: SimulateSettings
    seed: int
    origin: datetime  # the day on which moods began to drift
    day: datetime

    @cached_property
    def people(self) -> list[Person]:
        """Users with purchases, then the newcomers of every day since the origin."""
        rates = self._visit_rates
        known = np.flatnonzero(self.past.shopping_days)
        ids = self.past.shop.user_ids
        people = [
            Person(ids[n], int(n), float(rates[n])) for n in known if not ids[n].startswith(NEW)
        ]
        began = np.flatnonzero(self.begun.shopping_days)
        veterans = [int(n) for n in began if not ids[n].startswith(NEW)]
        n_users = len(veterans)
        for day, dice in self._days("new users"):
            n_new = dice.poisson(self.settings.new_users * n_users)
            n_users += n_new
            for k in range(n_new):
                like = int(dice.choice(veterans))
                people.append(Person(f"{NEW}user-{day:%Y%m%d}-{k}", like, float(rates[like])))
        return people

    @cached_property
    def new_items(self) -> dict[str, int]:
        """Items put on sale since the origin: id → number of the item that each is like."""
        popular = popular_items(self.begun)
        found: dict[str, int] = {}
        for day, dice in self._days("new items"):
            chosen = dice.choice(popular, min(self.settings.new_items, len(popular)), replace=False)
            found |= {f"{NEW}item-{day:%Y%m%d}-{k}": int(number) for k, number in enumerate(chosen)}
        return found

    @cached_property
    def hours(self) -> FloatArray:
        """Share of purchases in each hour of the day."""
        counts = np.bincount(self.past.hours, minlength=24) + 1.0
        return np.asarray(counts / counts.sum())

    @cached_property
    def moods(self) -> FloatArray:
        """users × categories: what has changed in each user's taste since the origin, logit."""
        settings, shop = self.settings, self.past.shop
        bought = self.begun.of_categories
        moods = np.zeros(bought.shape, dtype=np.float32)
        shares = np.cumsum(bought.sum(axis=0, dtype=np.float64) + 1e-6)
        days = max((self.day - self.origin).days + 1, 0)
        for user, user_id in enumerate(shop.user_ids):
            drawn = self.dice("moods", user_id).random((days, 2))
            chosen = drawn[drawn[:, 0] < settings.drift, 1] * shares[-1]
            taken_to = np.minimum(np.searchsorted(shares, chosen), len(shares) - 1)
            np.add.at(moods[user], taken_to, settings.drift_size)
            moods[user, bought[user].argmax()] -= settings.drift_size * len(chosen)
        return moods

    def needs(self, person: Person, item_ids: Sequence[str], appeal: float = 0.0) -> FloatArray:
        """Probability that *person* needs each item on a visit; 0 of items that nobody knows."""
        numbers = np.array([self._number(item) for item in item_ids], dtype=np.int32)
        known = numbers >= 0
        found = np.zeros(len(numbers), dtype=np.float32)
        found[known] = self._needs(person, numbers[known], appeal)
        return found

    def basket(self, person: Person, dice: np.random.Generator) -> list[str]:
        """What *person* buys on a visit of the shop without being shown anything."""
        thought_of = np.union1d(own_items(self.past, person.like), self._popular)
        needed = dice.random(len(thought_of)) < self._needs(person, thought_of, 0.0)
        n_others = dice.poisson(max(self._basket_size - needed.sum(), 0))
        others = dice.choice(self.past.n_items, n_others, p=self._popularity)
        ids = self.past.shop.item_ids
        news = [
            item
            for item, need in zip(
                self.new_items, self.needs(person, list(self.new_items)), strict=True
            )
            if dice.random() < need
        ]
        return [ids[n] for n in np.union1d(thought_of[needed], others)] + news

    def dice(self, *parts: int | str) -> np.random.Generator:
        """Dice of their own for whatever *parts* name, the same in every run of the seed."""
        words = [part if isinstance(part, int) else _number_of(part) for part in parts]
        return np.random.default_rng([self.seed, *words])

    def _needs(self, person: Person, numbers: IntArray, appeal: float) -> FloatArray:
        if len(numbers) == 0:
            return np.zeros(0, dtype=np.float32)
        moods = self.moods[person.like][self.past.shop.categories[numbers]] + appeal
        return self.choice.need(self.past.habits(person.like, numbers), moods)

    def _number(self, item_id: str) -> int:
        return self._numbers.get(item_id, -1)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """Item id → number of the item, or of what a new one is like."""
        known = {item: number for number, item in enumerate(self.past.shop.item_ids)}
        return known | self.new_items

    @cached_property
    def _popular(self) -> IntArray:
        return popular_items(self.past)

    @cached_property
    def _popularity(self) -> np.ndarray:
        buyers = self.past.buyers.astype(np.float64)
        return buyers / buyers.sum()

    @cached_property
    def _basket_size(self) -> float:
        shopped = self.past.shopping_days.sum()
        return float(self.past.bought_on.sum() / max(shopped, 1))

    @cached_property
    def _visit_rates(self) -> FloatArray:
        """Visits of the application a day, shrunk towards the mean of all users."""
        shopped = self.past.shopping_days
        mean = shopped.sum() / (np.count_nonzero(shopped) * self.past.days)
        rates = (shopped + mean * _PRIOR_DAYS) / (self.past.days + _PRIOR_DAYS)
        return np.asarray(rates * self.settings.visits_per_purchase, dtype=np.float32)

    def _days(self, what: str) -> list[tuple[datetime, np.random.Generator]]:
        """The days from the origin to today, each with dice that other days do not know of."""
        n = (self.day - self.origin).days + 1
        days = [self.origin + timedelta(days=k) for k in range(max(n, 0))]
        return [(day, self.dice(what, day.toordinal())) for day in days]


def open_world(
    lake: Lake, day: datetime, settings: SimulateSettings, *, seed: int, origin: datetime
) -> World:
    """The world of *day*, a midnight: habits as of then, the choice model as of *origin*.

    Raises `SimulationError` when *day* is before *origin* or the lake says too little.
    """
    if day < origin:
        raise SimulationError(f"the day {day:%Y-%m-%d} is before {origin:%Y-%m-%d}, the first one")
    fitted_on = read_past(lake, origin, settings.history + settings.fitted_on)
    choice = fit_choice(fitted_on, settings.fitted_on, seed)
    begun = fitted_on.before(0, settings.history.days)
    past = read_past(lake, day, settings.history)
    return World(past, begun, choice, settings, seed, origin, day)


def _number_of(text: str) -> int:
    """A number of *text* that is the same in every process, unlike `hash`."""
    return int.from_bytes(text.encode()[:64], "big")
