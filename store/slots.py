"""Which node of a cluster has which key, as `CLUSTER SLOTS` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import redis
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError

from store.address import Node

N_SLOTS = 16384
# Commands without a key; all others name theirs first, scripts after the number of keys.
KEYLESS = frozenset({"PING", "INFO", "TIME", "ECHO", "DBSIZE", "COMMAND", "CLUSTER SLOTS"})
SCRIPTS = frozenset({"EVAL", "EVALSHA", "FCALL", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"})
# What a replica answers; everything else goes to the primary.
READS = frozenset(
    {"GET", "HGET", "HMGET", "HGETALL", "HLEN", "LRANGE", "SMEMBERS", "STRLEN", "EXISTS", "PING"}
)


@dataclass(frozen=True)
class Shard:
    """Who has one range of slots."""

    primary: Node
    replicas: tuple[Node, ...]


def parse_slots(answer: Sequence[Any], asked: Node) -> list[Shard | None]:
    """Slot → its shard, None where nobody has it; *asked* is the node that answered.

    A node that does not know its own address leaves it out.
    """
    shards: list[Shard | None] = [None] * N_SLOTS
    for first, last, primary, *replicas in answer:
        shard = Shard(_node(primary, asked), tuple(_node(row, asked) for row in replicas))
        shards[first : last + 1] = [shard] * (last + 1 - first)
    return shards


def slot_of(command: Sequence[Any]) -> int | None:
    """The slot of a *command*'s only key, None of one without a key.

    Raises `redis.RedisError` for a script of several keys: they may be on different nodes.
    """
    name = str(command[0]).upper()
    if name in KEYLESS:
        return None
    if name not in SCRIPTS:
        return int(key_slot(_bytes(command[1])))
    if int(command[2]) > 1:
        raise redis.RedisError(f"{name} of {command[2]} keys; expected one on a cluster")
    return int(key_slot(_bytes(command[3]))) if int(command[2]) else None


class Redirection(NamedTuple):
    """Where a node says that a slot is: for good, or for this one question."""

    is_moved: bool
    slot: int
    node: Node


def parse_redirection(error: Any, asked: Node) -> Redirection | None:
    """What the answer *error* of the node *asked* says, None when it is no redirection."""
    if not isinstance(error, AskError):
        return None
    return Redirection(
        isinstance(error, MovedError),  # a kind of the other
        int(error.slot_id),
        (error.host or asked[0], int(error.port)),
    )


def _node(row: Sequence[Any], asked: Node) -> Node:
    host = row[0].decode() if isinstance(row[0], bytes) else row[0]
    return host if host and host != "?" else asked[0], int(row[1])


def _bytes(key: Any) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode()
