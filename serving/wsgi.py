"""What gunicorn imports in every worker: settings and secrets come from file and environment."""

from __future__ import annotations

import logging
import os

from flask import Flask

from serving.access import front_door
from serving.access.guard import guard_of
from serving.app import create_app, open_shelf
from serving.collector import keep_collector_away
from serving.events.app import EVENTS
from serving.health import POLLER
from serving.settings import ServingSettings, static_file
from serving.shelf.poller import Poller
from serving.shelf.shared_trips import SharedTrips
from settings import Settings, load_settings
from settings.errors import NightshelfError


def _build(found: Settings) -> Flask:
    settings = front_door.keep_door(found, front_door.answers_on, os.environ)
    shelf = open_shelf(settings, SharedTrips)
    poller = Poller(
        shelf,
        every_s=settings.read(ServingSettings).poll_every.total_seconds(),
        static_path=static_file(settings),
    )
    built = create_app(settings, shelf)
    poller.each_poll.append(guard_of(built).poll)
    built.extensions[POLLER] = poller
    poller.start()
    return built


def _build_or_go_on() -> Flask:
    """The application; by the settings of before, if the file has come to be of no use.

    A worker that does not start would end all others with it.
    """
    try:
        return _build(load_settings())
    except NightshelfError as error:
        if not front_door.started_with:
            raise
        logging.getLogger("nightshelf.serving").error(
            "%s; going on with the settings that gunicorn was started with", error
        )
        return _build(front_door.started_with[0])


app = _build_or_go_on()
app.extensions["sight"].start()
app.extensions[EVENTS].start()
keep_collector_away()
