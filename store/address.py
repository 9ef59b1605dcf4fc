"""Addresses of the store: one server, Sentinels that know it, or the nodes of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import redis
from redis.connection import Connection, SSLConnection, parse_url

Kind = Literal["server", "sentinel", "cluster"]
Node = tuple[str, int]  # host, port

SCHEME = re.compile(r"(?P<name>redis|valkey)(?P<tls>s?)(?:\+(?P<kind>sentinel|cluster))?")
SCHEME_PATTERN = r"^(unix|(redis|valkey)s?(\+(sentinel|cluster))?)://.+"
PORTS = {"server": 6379, "sentinel": 26379, "cluster": 6379}
EXPECTED = {
    "server": "redis://host:port/database",
    "sentinel": "redis+sentinel://host:port,host:port/service/database",
    "cluster": "redis+cluster://host:port,host:port (a cluster has database 0 alone)",
}


@dataclass(frozen=True)
class StoreAddress:
    """What a URL says; its password is in `options`, which are not shown."""

    kind: Kind
    nodes: tuple[Node, ...]  # none of a unix socket
    service: str  # that the Sentinels watch; empty of the other kinds
    options: Mapping[str, Any] = field(repr=False)  # of each connection, without host and port

    @property
    def is_encrypted(self) -> bool:
        """Whether connections speak TLS."""
        return self.options.get("connection_class") is SSLConnection


def parse_address(url: str) -> StoreAddress:
    """The address that *url* spells; opens no socket.

    Raises `ValueError`, whose text has nothing of the URL: it may hold a password.
    """
    kind = kind_of(url)
    try:
        address = _parse(url, kind)
        _check_connects(address)
    except (ValueError, TypeError, redis.RedisError):  # their texts may quote the password
        raise ValueError(
            f"not an address: expected {EXPECTED[kind]}, with a number as port; "
            "write / : @ of a password as %2F %3A %40"
        ) from None
    return address


def kind_of(url: str) -> Kind:
    """What is at *url*: told by its scheme."""
    match = SCHEME.fullmatch(url.partition("://")[0])
    kind = match["kind"] if match else None
    return "sentinel" if kind == "sentinel" else "cluster" if kind == "cluster" else "server"


def _parse(url: str, kind: Kind) -> StoreAddress:
    scheme, _, rest = url.partition("://")
    match = SCHEME.fullmatch(scheme)
    if match is None:  # a unix socket
        return StoreAddress(kind, (), "", parse_url(url))
    authority, path, query = _split(rest)
    login, at, hosts = authority.rpartition("@")
    service, database = _split_path(kind, path)
    # redis-py reads what is common to all kinds: login, database and options.
    options = parse_url(f"redis{match['tls']}://{login}{at}host/{database}?{query}")
    nodes = tuple(_node(text, PORTS[kind]) for text in hosts.split(","))
    if kind == "server" and len(nodes) != 1:
        raise ValueError("several hosts")
    if kind == "cluster" and options.get("db"):
        raise ValueError("a database of a cluster")
    for name in ("host", "port"):
        options.pop(name, None)
    return StoreAddress(kind, nodes, service, options)


def _split(rest: str) -> tuple[str, str, str]:
    authority, _, query = rest.partition("?")
    authority, _, path = authority.partition("/")
    return authority, path, query


def _split_path(kind: Kind, path: str) -> tuple[str, str]:
    """Service and database of *path*, either empty."""
    if kind != "sentinel":
        service, database = "", path
    else:
        service, _, database = path.partition("/")
        if not service:
            raise ValueError("no service")
    if database and not database.isdecimal():
        raise ValueError("the database is no number")
    return unquote(service), database


def _node(text: str, default_port: int) -> Node:
    url = urlsplit(f"//{text}")
    if url.path or url.query or url.fragment:
        raise ValueError("more than a host and a port")
    port = url.port
    return url.hostname or "localhost", default_port if port is None else port


def _check_connects(address: StoreAddress) -> None:
    """Raise what redis-py says of options that no connection has."""
    where = {"host": "host", "port": 1} if address.nodes else {}
    connection_class = address.options.get("connection_class", Connection)
    options = {k: v for k, v in address.options.items() if k not in _OF_POOLS}
    connection_class(**{k: v for k, v in options.items() if k != "connection_class"}, **where)


_OF_POOLS = ("max_connections", "timeout")
