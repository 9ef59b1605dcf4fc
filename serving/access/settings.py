"""The `[access]` section."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from serving.access.rate import Rate
from settings import Section, Settings
from settings.durations import Duration
from settings.project import var_directory


class JwtSettings(Section):
    """Bearer tokens (JWT) of an issuer that you trust, beside the keys."""

    algorithm: Literal["HS256", "RS256"]  # the only one that is accepted, whatever a token says
    issuer: str  # `iss` of every token
    audience: str  # that `aud` of every token names
    jwks_path: str | None = None  # of RS256: the issuer's public keys, read again when changed
    secret_path: str | None = None  # of HS256: a file with the secret, read again when changed
    variable: str = (
        "NIGHTSHELF_JWT_SECRET"  # of the environment: the secret of HS256, without a file
    )
    leeway: Duration = timedelta(seconds=10)  # by which clocks may differ
    role_claim: str = "role"  # a text, words between blanks, or a list
    read_value: str = "read"  # what the claim says of those who may read
    events_value: str = "events"  # what it says of those who may send events, and nothing else
    admin_value: str = "admin"  # what it says of those who may do everything

    @model_validator(mode="after")
    def _has_what_its_algorithm_needs(self) -> JwtSettings:
        if self.algorithm == "RS256" and (self.jwks_path is None or self.secret_path is not None):
            raise ValueError("RS256 needs jwks_path, a file with the issuer's keys, and no secret")
        if self.algorithm == "HS256" and self.jwks_path is not None:
            raise ValueError("HS256 needs a secret; jwks_path is of RS256")
        return self


class RateLimitSettings(Section):
    """How many requests are answered before the next is told to wait (429); none by default."""

    per_key: Rate | None = None  # of a key or a token's subject, else of a client's address
    per_user: Rate | None = None  # of a user in the path
    tracked: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000  # of each kind, in a process


class AccessSettings(Section):
    """Who may call: anybody by default, which is refused where strangers could reach it."""

    section_name: ClassVar[str] = "access"

    enabled: bool = False  # true: every route but health and documentation asks for a key or token
    # Answer without keys on an address that others reach: behind a gateway that checks them.
    public: bool = False
    keys_path: str | None = None  # by default keys.json in the namespace's folder of var
    jwt: JwtSettings | None = None
    limits: RateLimitSettings = RateLimitSettings()


def keys_file(settings: Settings) -> Path:
    """Where the hashes of the keys are."""
    chosen = settings.read(AccessSettings).keys_path
    return var_directory(settings) / "keys.json" if chosen is None else mounted(settings, chosen)


def mounted(settings: Settings, path: str) -> Path:
    """*path* of the settings with its links as they are: a mounted file is replaced by its link."""
    return settings.path.parent / path
