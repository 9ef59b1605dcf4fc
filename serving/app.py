"""The web application as a function of what it depends on."""

from __future__ import annotations

from collections.abc import Callable

import redis
from flask import Flask
from werkzeug.routing import BaseConverter

from serving.access.guard import guard
from serving.features import features_blueprint
from serving.health import health_blueprint
from serving.manners import add_manners
from serving.problems import answer_problems
from serving.rank import rank_blueprint
from serving.recs import recs_blueprint
from serving.settings import ServingSettings, static_file
from serving.shelf import Shelf
from serving.sight.watch import watch
from serving.static_lists import read_static
from settings import ProjectSettings, Settings
from store.connection import StoreSettings, connect_reader
from store.trip import Trips


class Anything(BaseConverter):
    """Any text, slashes and line ends included: an id is whatever the shop says it is."""

    regex = r"(?s:.+)"
    part_isolating = False


def create_app(settings: Settings, shelf: Shelf) -> Flask:
    """An application that answers from *shelf*; whoever calls keeps the shelf fresh."""
    serving = settings.read(ServingSettings)
    app = Flask("nightshelf", static_folder=None)
    app.url_map.converters["anything"] = Anything
    app.url_map.merge_slashes = False  # "a//b" is another user than "a/b"
    watch(app, shelf, settings)  # first, so that it times the other hooks as well
    app.register_blueprint(recs_blueprint(shelf, serving))
    app.register_blueprint(rank_blueprint(shelf, serving))
    app.register_blueprint(features_blueprint(shelf, serving))
    app.register_blueprint(health_blueprint(shelf, serving))
    add_manners(app)
    answer_problems(app)
    guard(app, settings)  # after all routes, and after the request has its id
    return app


def open_shelf(settings: Settings, make_trips: Callable[[redis.Redis], Trips] = Trips) -> Shelf:
    """The shelf of the settings' namespace, holding the static lists until it is refreshed."""
    client = connect_reader(settings.read(StoreSettings))
    serving = settings.read(ServingSettings)
    return Shelf(
        client,
        settings.read(ProjectSettings).namespace,
        read_static(static_file(settings)),
        cached_blocks=serving.cached_blocks,
        cached_lists=serving.cached_lists,
        breaker_failures=serving.breaker_failures,
        trips=make_trips(client),
    )
