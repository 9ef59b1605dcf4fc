"""A reader of a cluster: one trip a request, to several nodes at once, and no surprises.

redis-py's own cluster client asks for the topology in the request that meets a failure, node after
node; here that is done between requests (`follow`). A slot that moved costs one more trip.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import redis
from redis.client import Pipeline
from redis.connection import Connection, ConnectionPool

from store.address import Node
from store.cluster_pipeline import ClusterPipeline
from store.cluster_trip import ask_nodes
from store.following import Options
from store.slots import READS, Shard, parse_slots, slot_of


class ClusterReader(redis.Redis):
    """Knows which node to ask; commands without a key go to the node that told the topology.

    `follow` asks for the topology; until it was called once, the first command does that.
    """

    def __init__(self, seeds: Sequence[Node], options: Options, *, replicas: bool) -> None:
        self._seeds = tuple(seeds)
        self._node_options = options
        self._replicas = replicas
        self._pools: dict[Node, ConnectionPool] = {}
        self._shards: list[Shard | None] = []
        self._chosen: dict[Shard, Node] = {}  # the replica that is read, where one is well
        self._told: Node = self._seeds[0]
        self._lock = threading.Lock()
        super().__init__(connection_pool=self.pool(self._told))

    def follow(self) -> None:
        """Ask the nodes, the one that told last first; raises when none of them answers."""
        troubles = []
        known = {shard.primary for shard in set(self._shards) if shard is not None}
        for node in dict.fromkeys((self._told, *known, *self._seeds)):
            try:
                shards = parse_slots(self._ask(node, "CLUSTER SLOTS"), node)
            except (redis.RedisError, OSError) as error:
                troubles.append(f"{node[0]}:{node[1]}: {error}")
                continue
            if not any(shards):
                troubles.append(f"{node[0]}:{node[1]}: has no slots")
                continue
            self._told, self.connection_pool = node, self.pool(node)
            self._chosen = self._choose_replicas(shards)
            self._shards = shards
            self._forget(set(shards))
            return
        raise redis.ConnectionError("no node of the cluster answers: " + "; ".join(troubles))

    def node_of(self, command: Sequence[Any]) -> Node:
        """Whom to ask; raises `redis.ConnectionError` when nobody has the slot."""
        if not self._shards:
            self.follow()
        slot = slot_of(command)
        if slot is None:
            return self._told
        shard = self._shards[slot]
        if shard is None:
            raise redis.ConnectionError(f"no node of the cluster has slot {slot}")
        if str(command[0]).upper() in READS:
            return self._chosen.get(shard, shard.primary)
        return shard.primary

    def note_moved(self, slot: int, node: Node) -> None:
        """Remember that *node* has *slot* now, until the topology is asked for again."""
        known = next((s for s in set(self._shards) if s is not None and s.primary == node), None)
        self._shards[slot] = known or Shard(node, ())

    def pool(self, node: Node) -> ConnectionPool:
        """Connections to *node*."""
        with self._lock:
            if node not in self._pools:
                options = {**self._node_options, "host": node[0], "port": node[1]}
                if self._replicas:
                    options["redis_connect_func"] = _allow_reading
                self._pools[node] = ConnectionPool(**options)
            return self._pools[node]

    def ask(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """The replies to *commands* as they came, in one trip to all nodes that have their keys.

        Errors that a node answers with are among them, not raised. Raises what the client raises
        when a node does not answer.
        """
        return ask_nodes(self, commands)

    def pipeline(self, transaction: bool = False, shard_hint: Any = None) -> Pipeline:
        """Commands for whichever nodes, sent together; never a transaction."""
        return ClusterPipeline(self)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, by the way of pipelines."""
        pipeline = self.pipeline()
        pipeline.execute_command(*args, **options)
        (answer,) = pipeline.execute()
        return answer

    def close(self) -> None:
        """Close the connections to all nodes."""
        for pool in list(getattr(self, "_pools", {}).values()):
            pool.close()

    def _ask(self, node: Node, *command: str) -> Any:
        pool = self.pool(node)
        connection = pool.get_connection()
        try:
            connection.send_command(*command)
            return connection.read_response()
        except (redis.TimeoutError, redis.ConnectionError, OSError):
            connection.disconnect()
            raise
        finally:
            pool.release(connection)

    def _choose_replicas(self, shards: list[Shard | None]) -> dict[Shard, Node]:
        """A replica that answers for every shard that has one: the one read before if it does."""
        if not self._replicas:
            return {}
        before = set(self._chosen.values())
        chosen = {}
        for shard in {shard for shard in shards if shard is not None}:
            others = sorted(shard.replicas, key=lambda node: (node not in before, random.random()))  # noqa: S311 — spreads processes, no secret
            for node in others:
                if self._answers(node):
                    chosen[shard] = node
                    break
        return chosen

    def _answers(self, node: Node) -> bool:
        try:
            self._ask(node, "PING")
        except (redis.RedisError, OSError):
            return False
        return True

    def _forget(self, shards: set[Shard | None]) -> None:
        """Let go of nodes that are no longer of the cluster; seeds stay."""
        nodes = set(chain.from_iterable(_nodes_of(shard) for shard in shards if shard is not None))
        with self._lock:
            gone = [n for n in self._pools if n not in nodes and n not in self._seeds]
            pools = [self._pools.pop(node) for node in gone]
        for pool in pools:
            pool.disconnect(inuse_connections=False)


def _nodes_of(shard: Shard) -> Iterator[Node]:
    yield shard.primary
    yield from shard.replicas


def _allow_reading(connection: Connection) -> None:
    """What a replica of a cluster wants to hear before it answers itself."""
    connection.on_connect()
    connection.send_command("READONLY")
    connection.read_response()
