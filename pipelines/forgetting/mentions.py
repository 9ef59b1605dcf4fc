"""Where the id of a user stands in a text that has no columns."""

from __future__ import annotations

import html
import json
import re

LONG = 6  # characters of an id that hardly stands for anything else
WORDS = r"(?:user|customer|shopper|household)s?(?:_id)?\W{1,3}"


def mentions(user: str) -> re.Pattern[bytes]:
    """Where the id *user* stands in a text."""
    written = {user, json.dumps(user)[1:-1], html.escape(user)}
    forms = "|".join(re.escape(form) for form in sorted(written, key=len, reverse=True))
    if len(user) >= LONG:
        pattern = rf"(?<![\w-])(?:{forms})(?![\w-])"
    else:
        pattern = (
            rf"(?<=['\"])(?:{forms})(?=['\"])|(?i:(?<=user )|(?<=user_id=))(?:{forms})(?![\w-])"
        )
    return re.compile(pattern.encode())
