"""redis-py's pipeline over the nodes of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
from redis.client import Pipeline

from store.slots import slot_of

if TYPE_CHECKING:
    from store.cluster import ClusterReader

Staged = tuple[tuple[Any, ...], dict[str, Any]]  # name and arguments, options of redis-py


class ClusterPipeline(Pipeline):
    """Commands of one key each, for whichever nodes; an `MGET` is asked key by key."""

    def __init__(self, reader: ClusterReader) -> None:
        super().__init__(reader.connection_pool, reader.response_callbacks, False, None)
        self._reader = reader

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Put a command behind the others."""
        return self.pipeline_execute_command(*args, **options)

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The answers in the order of the commands.

        Raises what the client raises when a node does not answer.
        """
        stack, self.command_stack = list(self.command_stack), []
        flat, parts = _split(stack)
        replies = self._reader.ask([arguments for arguments, _ in flat])
        if raise_on_error:
            self.raise_first_error(flat, replies)  # type: ignore[no-untyped-call]
        answers = iter(
            [self._parse(reply, *staged) for reply, staged in zip(replies, flat, strict=True)]
        )
        return [
            next(answers) if part is None else [next(answers) for _ in range(part)]
            for part in parts
        ]

    def _parse(self, reply: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        callback = self.response_callbacks.get(arguments[0])
        if callback is None or isinstance(reply, redis.RedisError):
            return reply
        kept = {name: value for name, value in options.items() if name != "keys"}
        return callback(reply, **kept)


def _split(stack: list[Staged]) -> tuple[list[Staged], list[int | None]]:
    """Commands of one key each, and how many of them each of *stack* became (None: itself)."""
    flat: list[Staged] = []
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
