"""`gunicorn -c python:serving.gunicorn_config`: threads, because a request mostly waits.

Workers import the application after the fork, so that each has its own poller and connections.
"""

from __future__ import annotations

from serving.settings import ServingSettings
from settings import load_settings

_serving = load_settings().read(ServingSettings)

wsgi_app = "serving.wsgi:app"
bind = _serving.bind
worker_class = "serving.worker.Worker"  # gthread, and no half-sent request in a thread
workers = _serving.workers
threads = _serving.threads
preload_app = False  # a thread started before the fork would not run in any worker
keepalive = 30  # seconds; `sync` workers would have none
timeout = 30
graceful_timeout = 10
limit_request_line = 8190  # long enough for many exclude=
control_socket_disable = True
proc_name = "nightshelf"
