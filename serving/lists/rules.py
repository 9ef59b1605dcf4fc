"""Rules at read time: what a situation changes of a request, as `[serving.rules]` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from serving.lists.rule_settings import RuleSettings, Tier, hours_of
from serving.lists.wish import Wish
from store.context import HOUR, OWN


@dataclass(frozen=True)
class Rule:
    """One rule, in the form that a request is compared with."""

    name: str
    when: tuple[tuple[str, frozenset[str]], ...]  # name of the context, or "" → accepted values
    exclude_items: frozenset[str]
    exclude_categories: frozenset[str]
    only_categories: frozenset[str] | None  # None: every category
    tiers: tuple[Tier, ...] | None  # None: as before

    def applies(self, situation: Mapping[str, str]) -> bool:
        """Whether every condition holds; what a request does not say meets none."""
        return all(situation.get(name) in accepted for name, accepted in self.when)


SURFACE = ""  # among the names of contexts, which none of them is


def load_rules(settings: Mapping[str, RuleSettings]) -> tuple[Rule, ...]:
    """The rules of the settings, in their order."""
    return tuple(_load_rule(name, rule) for name, rule in settings.items())


def apply_rules(
    rules: Sequence[Rule], wish: Wish, tiers: Sequence[Tier]
) -> tuple[Wish, Sequence[Tier], tuple[str, ...]]:
    """*wish* and *tiers* as the rules that apply leave them, and the names of those.

    Exclusions add up, `only_categories` of several rules all hold, and of several `tiers` the
    last ones count.
    """
    if not rules:
        return wish, tiers, ()
    situation = {**dict(wish.context), SURFACE: wish.surface}
    names = []
    for rule in rules:
        if not rule.applies(situation):
            continue
        names.append(rule.name)
        tiers = tiers if rule.tiers is None else rule.tiers
        wish = replace(
            wish,
            exclude=wish.exclude | rule.exclude_items,
            exclude_categories=wish.exclude_categories | rule.exclude_categories,
            only_categories=_both(wish.only_categories, rule.only_categories),
        )
    return wish, tiers, tuple(names)


def _both(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _load_rule(name: str, rule: RuleSettings) -> Rule:
    when = rule.when
    conditions = {
        SURFACE: when.surface,
        "country": when.country,
        "device": when.device,
        HOUR: hours_of(when.hour),
        **{f"{OWN}{key}": values for key, values in when.context.items()},
    }
    return Rule(
        name,
        tuple((key, frozenset(values)) for key, values in conditions.items() if values),
        frozenset(rule.exclude_items),
        frozenset(rule.exclude_categories),
        frozenset(rule.only_categories) or None,
        tuple(rule.tiers) or None,
    )
