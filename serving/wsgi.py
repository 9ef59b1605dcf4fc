"""What gunicorn imports in every worker: settings and secrets come from file and environment."""

from __future__ import annotations

import os

from serving.access import front_door
from serving.access.guard import guard_of
from serving.app import create_app, open_shelf
from serving.collector import keep_collector_away
from serving.events.app import EVENTS
from serving.health import POLLER
from serving.settings import ServingSettings, static_file
from serving.shelf.poller import Poller
from serving.shelf.shared_trips import SharedTrips
from settings import load_settings

_settings = front_door.keep_door(load_settings(), front_door.answers_on, os.environ)
_shelf = open_shelf(_settings, SharedTrips)

poller = Poller(
    _shelf,
    every_s=_settings.read(ServingSettings).poll_every.total_seconds(),
    static_path=static_file(_settings),
)
poller.start()
app = create_app(_settings, _shelf)
poller.each_poll.append(guard_of(app).poll)
app.extensions[POLLER] = poller
app.extensions["sight"].start()
app.extensions[EVENTS].start()
keep_collector_away()
