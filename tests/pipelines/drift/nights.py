"""Nights over shoppers of one event each, so that a test decides what their features are."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pipelines.drift.stage import check_drift
from pipelines.features.build import build_features
from pipelines.index import build_index
from pipelines.runs import FINISHED, Run
from tests.quality.made_run import AS_OF, MadeInputs, Row

N_SHOPPERS = 2000
TASTE = """/*---
description: What each shopper is like.
owner: tests
grain: [user_id]
event_time: event_at
max_age: 26h
columns:
  user_id: The shopper.
  spent: Money.
  quantity: Units, if known.
  kind: What they did.
  constant: Always seven.
  last_at: When.
  basket: What.
checks: []
{more}---*/
select
    user_id,
    max(value) as spent,
    max(quantity) as quantity,
    max(event_type) as kind,
    7 as constant,
    max(event_at) as last_at,
    list(item_id order by event_id) as basket
from events
where event_at < $as_of and starts_with(user_id, 's')
group by user_id
"""


def taste(dice: random.Random, number: int) -> Row:
    """A shopper of a healthy night."""
    return {
        "event_type": dice.choice(["view", "view", "click"]),
        "value": Decimal(round(dice.lognormvariate(3, 0.5), 2)).quantize(Decimal("0.01")),
        "quantity": Decimal(dice.randint(1, 5)),
    }


@dataclass
class Nights:
    """One namespace in which a night is made at a time."""

    directory: Path
    seed: int
    drift: str = ""  # lines of the header
    settings: str = ""  # lines of `[drift]`
    sql: str = TASTE

    def begin(self, as_of: datetime, change: Callable[[Row, int], Row] | None = None) -> Run:
        """A run up to the stage `drift`; *change* makes something else of each shopper."""
        dice = random.Random(self.seed)
        inputs = MadeInputs(self.directory)
        inputs.settings_text += f"\n[drift]\n{self.settings}"
        day = as_of - timedelta(hours=3)
        for number in range(N_SHOPPERS):
            row = taste(dice, number)
            inputs.events.append(
                {
                    "event_id": f"s{number}",
                    "user_id": f"s{number}",
                    "item_id": f"i{number % 6:02d}",
                    "event_at": day,
                    "received_at": day,
                    **(change(row, number) if change else row),
                }
            )
        inputs.users += [{"user_id": f"s{number}"} for number in range(N_SHOPPERS)]
        path = self.directory / "feature_sql" / "user" / "user_taste.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.sql.format(more=self.drift), encoding="utf-8")
        inputs.events = [e for e in inputs.events if e["event_at"] < as_of]
        run = inputs.begin(as_of)
        build_index(run)
        build_features(run)
        return run

    def finish(self, as_of: datetime, change: Callable[[Row, int], Row] | None = None) -> Run:
        """A finished run, as far as drift is concerned."""
        run = self.begin(as_of, change)
        check_drift(run)
        run.finish(FINISHED, {}, 0.0)
        return run


def days_ago(days: int) -> datetime:
    return AS_OF - timedelta(days=days)
