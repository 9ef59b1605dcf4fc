"""Several commands in one trip to the nodes of a cluster: all are asked before any is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

import redis
from redis.connection import ConnectionPool

from store.address import Node
from store.replies import read_reply
from store.slots import parse_redirection

Command = Sequence[Any]  # name and arguments


class Nodes(Protocol):
    """Who has what."""

    def node_of(self, command: Command) -> Node:
        """Whom to ask."""

    def note_moved(self, slot: int, node: Node) -> None:
        """Remember who has *slot* now."""

    def pool(self, node: Node) -> ConnectionPool:
        """Connections to *node*."""


def ask_nodes(nodes: Nodes, commands: Sequence[Command]) -> list[Any]:
    """The replies as they came, errors among them, in the order of *commands*.

    Raises what the client raises when a node does not answer. Nothing is asked twice but what
    another node is said to have: one more trip.
    """
    replies: list[Any] = [None] * len(commands)
    by_node = _group(range(len(commands)), lambda place: nodes.node_of(commands[place]))
    _trip(nodes, commands, by_node, replies)
    moved: dict[int, Node] = {}
    asking: dict[int, Node] = {}
    for node, places in by_node.items():
        for place in places:
            if (there := parse_redirection(replies[place], node)) is None:
                continue
            (moved if there.is_moved else asking)[place] = there.node
            if there.is_moved:
                nodes.note_moved(there.slot, there.node)
    if moved:
        _trip(nodes, commands, _group(moved, moved.__getitem__), replies)
    if asking:
        _trip(nodes, commands, _group(asking, asking.__getitem__), replies, ask=True)
    return replies


def _group(places: Iterable[int], node_of: Callable[[int], Node]) -> dict[Node, list[int]]:
    grouped: dict[Node, list[int]] = {}
    for place in places:
        grouped.setdefault(node_of(place), []).append(place)
    return grouped


def _trip(
    nodes: Nodes,
    commands: Sequence[Command],
    by_node: dict[Node, list[int]],
    replies: list[Any],
    *,
    ask: bool = False,
) -> None:
    """Fill the places of *replies*; a connection that was not read to its end is closed.

    With *ask* every command comes behind an ASKING, which lets a node answer for a slot that is on
    its way to it.
    """
    with ExitStack() as stack:
        borrowed = [stack.enter_context(_Borrowed(nodes.pool(node))) for node in by_node]
        for one, places in zip(borrowed, by_node.values(), strict=True):
            asked = [commands[place] for place in places]
            one.send([part for c in asked for part in (("ASKING",), c)] if ask else asked)
        for one, places in zip(borrowed, by_node.values(), strict=True):
            for place in places:
                if ask:
                    one.read()
                replies[place] = one.read()
            one.is_read = True


class _Borrowed:
    """A connection of a node's pool for one trip."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self.is_read = False

    def __enter__(self) -> _Borrowed:
        self._connection = self._pool.get_connection()
        return self

    def send(self, commands: Sequence[Command]) -> None:
        """Send *commands* at once."""
        self._connection.send_packed_command(self._connection.pack_commands(commands))

    def read(self) -> Any:
        """The next reply, an error that the node answers with included."""
        try:
            return read_reply(self._connection)
        except redis.ResponseError as error:
            return error

    def __exit__(self, *_: object) -> None:
        if not self.is_read:
            self._connection.disconnect()
        self._pool.release(self._connection)
