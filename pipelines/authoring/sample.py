"""A share of the users, the same ones each time: all of their events, none of the others'."""

from __future__ import annotations

from math import ceil

import duckdb
from duckdb import ConstantExpression, SQLExpression

_PLACES = 10_000
_PLACE = SQLExpression("hash(user_id) % 10000")  # of a user, in the order of the sample


def is_sampled(share: float) -> duckdb.Expression:
    """Whether the user of a row with `user_id` is one of a *share* (0 to 1) of all."""
    return ConstantExpression(ceil(share * _PLACES)) > _PLACE
