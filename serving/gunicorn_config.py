"""`gunicorn -c python:serving.gunicorn_config`: greenlets, because a request mostly waits.

Workers import the application after the fork, so that each has its own poller and connections, and
after gevent has replaced what waits. Somebody who sends a request byte by byte holds a greenlet and
not, as with threads, one of a few places to be answered at.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from serving.accepting import OpenConnections
from serving.access import front_door
from serving.access.front_door import check_door
from serving.settings import ServingSettings
from serving.sight.keeper import keep_metrics
from serving.sight.logs import log_config
from serving.sight.settings import LogsSettings, MetricsSettings, passed_on, workers_directory
from settings import load_settings
from settings.errors import NightshelfError

_settings = load_settings()
_serving = _settings.read(ServingSettings)
_metrics = _settings.read(MetricsSettings)

wsgi_app = "serving.wsgi:app"
bind = _serving.bind
worker_class = "serving.worker.Worker"  # gevent, whose refusals are problems
logger_class = "serving.worker.Logger"
workers = _serving.workers
worker_connections = _serving.connections
preload_app = False  # a poller started before the fork would not run in any worker
keepalive = 30  # seconds between requests, and for the head of one to arrive
timeout = 30
graceful_timeout = 10
limit_request_line = 8190  # long enough for many exclude=
limit_request_fields = 50  # browsers behind proxies send some 30
limit_request_field_size = 8190
control_socket_disable = True
proc_name = "nightshelf"
logconfig_dict = log_config(_settings.read(LogsSettings))

_connections = OpenConnections(workers)


def on_starting(server: Any) -> None:
    """End with a message, before a port is open, where strangers would be let in by oversight.

    What counts is where gunicorn will listen: its command line wins over the settings.
    """
    try:
        check_door(load_settings(), server.cfg.settings["bind"].get(), os.environ)
    except NightshelfError as error:
        sys.exit(f"error: {error}")


def when_ready(server: Any) -> None:
    """Metrics from nought, once the port is ours: those of a server that has it stay.

    Before the first worker, and not at a reload by SIGHUP.
    """
    if _metrics.enabled:
        keep_metrics(workers_directory(_settings), _metrics.bind, passed_on(_settings))


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker its place among those that share the connections."""
    worker.counts, worker.place = _connections, _connections.give_place(worker)


def child_exit(server: Any, worker: Any) -> None:
    """Free its place: a killed worker does not do it itself."""
    _connections.take_place(worker)


def post_fork(server: Any, worker: Any) -> None:
    """Tell the worker where it answers: it reads settings that may be others than at the start."""
    front_door.started_with[:] = [_settings]
    front_door.answers_on[:] = front_door.addresses(listener.sock for listener in server.LISTENERS)
