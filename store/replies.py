"""Replies as they came, read within the budget of a request."""

from __future__ import annotations

from typing import Any

import redis
from redis.connection import Connection


def read_reply(connection: Connection) -> Any:
    """The next reply, an error as it is; raises what the client raises when none comes."""
    try:
        return connection.read_response(disable_decoding=True, disconnect_on_error=False)
    except redis.ResponseError as error:
        return error
    except redis.TimeoutError:
        # The budget is for the store. A process that was late itself finds the reply there.
        if not connection.can_read(0):
            raise
    return connection.read_response(disable_decoding=True)


def demand_all(replies: list[Any]) -> list[Any]:
    """*replies*, unless one of them is an error, which is raised."""
    for reply in replies:
        if isinstance(reply, redis.RedisError):
            raise reply
    return replies
