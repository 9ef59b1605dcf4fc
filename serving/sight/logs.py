"""The log of the web tier: one JSON object a line, gunicorn's own lines too.

No line names a user: requests are told by their route's template, and what an exception says is
kept only where no request is being answered.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from flask import g, has_request_context

from serving.sight.settings import LogsSettings

# Of gunicorn's own lines: what follows these words is from the request.
_OF_REQUESTS = ("Error handling request", "Invalid request")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, pid, and what it brings."""

    def format(self, record: logging.LogRecord) -> str:
        """*record* as JSON text without line ends."""
        in_request = has_request_context()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
        }
        for words in _OF_REQUESTS:
            if record.name == "gunicorn.error" and line["message"].startswith(words):
                line["message"], in_request = words, True
        if has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _describe(record.exc_info[1], says=not in_request)
        return json.dumps(line, default=str)


def _describe(error: BaseException, *, says: bool) -> dict[str, Any]:
    """Type and place of *error*; what it *says* may quote an id of the request."""
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if says:
        described["message"] = str(error)
    return described


def log_config(settings: LogsSettings) -> dict[str, Any]:
    """What gunicorn hands to `logging.config.dictConfig`: everything to stderr as JSON."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "nightshelf": {"level": settings.level.upper(), "handlers": [], "propagate": True},
            # Lower, it would name paths.
            "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }
