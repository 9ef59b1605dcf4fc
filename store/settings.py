"""The `[store]` section."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from settings import Section
from store.address import SCHEME_PATTERN, StoreAddress, kind_of, parse_address


def _check_url(url: str) -> str:
    parse_address(url)
    return url


StoreUrl = Annotated[str, Field(pattern=SCHEME_PATTERN), AfterValidator(_check_url)]
# Not relative to the settings file: secrets are mounted, and a process may read other settings.
AbsolutePath = Annotated[str, Field(pattern=r"^/.+")]


class StoreSettings(Section):
    """Where the shelf is and how long a request waits for it."""

    section_name: ClassVar[str] = "store"

    # Server and database, Sentinels and service, or nodes of a cluster; with an s encrypted.
    url: StoreUrl = "redis://127.0.0.1:6379/0"
    replica_url: StoreUrl | None = None  # a server that requests read first, the one of `url` next
    # What requests read where `url` names Sentinels or a cluster.
    read_from: Literal["primary", "replica"] = "primary"
    username: str | None = None  # of the server's ACL; needs `password_file`
    password_file: AbsolutePath | None = None  # one line, read at every login
    sentinel_username: str | None = None  # of the Sentinels' ACL; needs `sentinel_password_file`
    sentinel_password_file: AbsolutePath | None = None  # one line, where they ask for a login
    tls_ca_file: AbsolutePath | None = None  # whom to trust, by default whom the system does
    tls_cert_file: AbsolutePath | None = None  # who this is, where the server asks
    tls_key_file: AbsolutePath | None = None  # of the certificate
    timeout_ms: Annotated[int, Field(ge=5, le=10_000)] = 50  # of connecting, and of each answer

    @field_validator("replica_url")
    @classmethod
    def _check_replica(cls, value: str | None, info: ValidationInfo) -> str | None:
        kinds = {kind_of(url) for url in (value, info.data.get("url", "")) if url}
        if value is not None and kinds != {"server"}:
            raise ValueError('of a single server; others have read_from = "replica"')
        return value

    @field_validator("read_from")
    @classmethod
    def _check_read_from(cls, value: str, info: ValidationInfo) -> str:
        if value == "replica" and kind_of(info.data.get("url", "")) == "server":
            raise ValueError("of Sentinels or a cluster; a single server has replica_url")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        wanted = {
            "username": "password_file",
            "sentinel_username": "sentinel_password_file",
            "tls_cert_file": "tls_key_file",
            "tls_key_file": "tls_cert_file",
        }
        for key, other in wanted.items():
            if getattr(self, key) is not None and getattr(self, other) is None:
                raise ValueError(f"{key} needs {other}")
        if self.password_file is not None and self._has_password_in_url():
            raise ValueError("a password stands in a url and password_file names another")
        return self

    def _has_password_in_url(self) -> bool:
        addresses = [self.address, *([self.replica] if self.replica else [])]
        return any({"password", "username"} & a.options.keys() for a in addresses)

    @property
    def address(self) -> StoreAddress:
        """Where `url` points."""
        return parse_address(self.url)

    @property
    def replica(self) -> StoreAddress | None:
        """Where `replica_url` points."""
        return None if self.replica_url is None else parse_address(self.replica_url)
