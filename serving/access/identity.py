"""Who calls, and what they may do."""

from __future__ import annotations

from typing import Literal, NamedTuple

Role = Literal["read", "events", "admin"]
ROLES: tuple[Role, ...] = ("read", "events", "admin")


class Identity(NamedTuple):
    """Whose key or token came with a request."""

    subject: str  # "key:<id>" or "jwt:<sub>": what limits are counted by
    name: str  # for people: the key's name, the token's subject
    role: Role


class CredentialsError(Exception):
    """A key or token that is not accepted; the text is for who sent it."""
