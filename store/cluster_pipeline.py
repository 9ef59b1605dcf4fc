"""Several commands in one trip to the nodes of a cluster: all are asked before any is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import redis
from redis.client import Pipeline
from redis.connection import Connection

from store.address import Node
from store.slots import parse_redirection, slot_of

if TYPE_CHECKING:
    from store.cluster import ClusterReader

Command = tuple[tuple[Any, ...], dict[str, Any]]  # name and arguments, options of redis-py


class ClusterPipeline(Pipeline):
    """Keeps the interface of redis-py's pipelines; an `MGET` is asked key by key."""

    def __init__(self, reader: ClusterReader) -> None:
        super().__init__(reader.connection_pool, reader.response_callbacks, False, None)
        self._reader = reader

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Put a command behind the others."""
        return self.pipeline_execute_command(*args, **options)

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The answers in the order of the commands.

        Raises what the client raises when a node does not answer: nothing is tried twice but what
        another node is said to have.
        """
        stack, self.command_stack = list(self.command_stack), []
        flat, parts = _split(stack)
        answers = self._ask_all(flat)
        if raise_on_error:
            self.raise_first_error(flat, answers)
        found = iter(answers)
        return [
            next(found) if part is None else [next(found) for _ in range(part)] for part in parts
        ]

    def _ask_all(self, commands: list[Command]) -> list[Any]:
        answers: list[Any] = [None] * len(commands)
        by_node: dict[Node, list[int]] = {}
        for place, (arguments, _) in enumerate(commands):
            by_node.setdefault(self._reader.node_of(arguments), []).append(place)
        self._trip(commands, by_node, answers)
        moved: dict[Node, list[int]] = {}
        asking: dict[Node, list[int]] = {}
        for node, places in by_node.items():
            for place in places:
                if (there := parse_redirection(answers[place], node)) is None:
                    continue
                (moved if there.is_moved else asking).setdefault(there.node, []).append(place)
                if there.is_moved:
                    self._reader.note_moved(there.slot, there.node)
        if moved:
            self._trip(commands, moved, answers)
        if asking:
            self._trip(commands, asking, answers, ask=True)
        return answers

    def _trip(
        self,
        commands: list[Command],
        by_node: dict[Node, list[int]],
        answers: list[Any],
        *,
        ask: bool = False,
    ) -> None:
        """Fill the places of *answers*; a connection that was not read to its end is closed."""
        with ExitStack() as stack:
            connections = [stack.enter_context(_Borrowed(self._reader, node)) for node in by_node]
            for borrowed, places in zip(connections, by_node.values(), strict=True):
                borrowed.send([commands[place][0] for place in places], ask=ask)
            for borrowed, places in zip(connections, by_node.values(), strict=True):
                for place in places:
                    arguments, options = commands[place]
                    answers[place] = self._read(borrowed.connection, arguments, options, ask=ask)
                borrowed.is_read = True

    def _read(
        self,
        connection: Connection,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        *,
        ask: bool,
    ) -> Any:
        if ask:
            connection.read_response()
        try:
            return self.parse_response(connection, arguments[0], **options)
        except redis.ResponseError as error:
            return error


class _Borrowed:
    """A connection of a node's pool for one trip."""

    def __init__(self, reader: ClusterReader, node: Node) -> None:
        self._pool = reader.pool(node)
        self.is_read = False

    def __enter__(self) -> _Borrowed:
        self.connection = self._pool.get_connection()
        return self

    def send(self, commands: Sequence[tuple[Any, ...]], *, ask: bool) -> None:
        """Send *commands*; with *ask* each after an ASKING."""
        if ask:
            commands = [part for command in commands for part in (("ASKING",), command)]
        self.connection.send_packed_command(self.connection.pack_commands(commands))

    def __exit__(self, *_: object) -> None:
        if not self.is_read:
            self.connection.disconnect()
        self._pool.release(self.connection)


def _split(stack: list[Command]) -> tuple[list[Command], list[int | None]]:
    """Commands of one key each, and for each of *stack* how many of them it became (None: one)."""
    flat: list[Command] = []
    parts: list[int | None] = []
    for arguments, options in stack:
        if arguments[0] != "MGET":
            slot_of(arguments)  # says what cannot be asked before anything is sent
            flat.append((arguments, options))
            parts.append(None)
        else:
            flat += [(("GET", key), {}) for key in arguments[1:]]
            parts.append(len(arguments) - 1)
    return flat, parts
