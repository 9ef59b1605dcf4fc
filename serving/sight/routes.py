"""How metrics, logs and traces call a route: by its template, never by a path."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Request

NO_ROUTE = "(none)"  # of every path that no route takes
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def route_of(request: Request) -> str:
    """The template of the route that took *request*: `/recs/<user_id>`."""
    rule = request.url_rule
    return NO_ROUTE if rule is None else _without_converters(rule.rule)


def method_of(request: Request) -> str:
    """The method of *request*, if it is one of HTTP's."""
    return request.method if request.method in METHODS else "other"


@lru_cache(maxsize=256)
def _without_converters(rule: str) -> str:
    return re.sub(r"<[^<>:]+:", "<", rule)
