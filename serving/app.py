"""The web application as a function of what it depends on."""

from __future__ import annotations

from collections.abc import Callable

import redis
from flask import Blueprint, Flask
from werkzeug.routing import BaseConverter

from serving.access.guard import guard
from serving.admin.audit import note_with
from serving.admin.routes import Note, admin_blueprint
from serving.events.app import Events
from serving.events.clock import Clock, system_clock
from serving.express import add_express
from serving.features.routes import features_blueprint
from serving.forgetting.routes import forgetting_blueprint
from serving.health import health_blueprint
from serving.lists.answering import Answering
from serving.lists.routes import recs_blueprint
from serving.lists.signing import signing_key
from serving.lists.static_lists import read_static
from serving.manners.cors import CorsSettings, add_cors, add_page_headers
from serving.manners.limits import LimitSettings, add_limits
from serving.manners.manners import add_manners
from serving.manners.problems import answer_problems
from serving.openapi import build_document
from serving.openapi.routes import pages_blueprint
from serving.page import page_blueprint
from serving.profile import profile_blueprint
from serving.rank.routes import rank_blueprint
from serving.settings import ServingSettings, static_file
from serving.shelf.patient import PatientStore
from serving.shelf.shelf import Shelf
from serving.sight.watch import watch
from settings import ProjectSettings, Settings
from store.connection import StoreSettings, connect_reader
from store.trip import Trips


class Anything(BaseConverter):
    """Any text, slashes and line ends included: an id is whatever the shop says it is."""

    regex = r"(?s:.+)"
    part_isolating = False


class Person(Anything):
    """Any text but those that are pages about a user: a path has one meaning."""

    regex = r"(?s:(?!.*/(?:profile|forgetting)\Z).+)"


def create_app(
    settings: Settings, shelf: Shelf, note: Note | None = None, clock: Clock = system_clock
) -> Flask:
    """An application that answers from *shelf*; whoever calls keeps the shelf fresh.

    *note* is told of every change that an operator makes, by default the audit log; *clock* says
    when events came.
    """
    serving, limits = settings.read(ServingSettings), settings.read(LimitSettings)
    store = PatientStore.of(settings)
    key = signing_key(settings)
    answering = Answering(shelf, serving, key)
    noted = note or note_with(settings)
    app = Flask("nightshelf", static_folder=None)
    app.url_map.converters |= {"anything": Anything, "person": Person}
    app.url_map.merge_slashes = False  # "a//b" is another user than "a/b"
    watched = watch(app, shelf, settings)  # first, so that it times the other hooks as well
    events = Events(settings, shelf, key, clock)
    events.follow(answering)
    v1 = Blueprint("v1", __name__, url_prefix="/v1")
    for blueprint in (
        recs_blueprint(shelf, answering, serving, limits),
        rank_blueprint(shelf, serving, limits),
        features_blueprint(shelf, serving, limits),
        events.blueprint,
        profile_blueprint(store, serving),
        admin_blueprint(store, limits, noted),
        forgetting_blueprint(store, settings, noted),
        health_blueprint(shelf, serving),
        pages_blueprint(build_document(settings)),
        page_blueprint(shelf, settings),
    ):
        app.register_blueprint(blueprint)
        v1.register_blueprint(blueprint)
    app.register_blueprint(v1)
    add_manners(app)
    add_limits(app, limits)
    add_cors(app, settings.read(CorsSettings))
    add_page_headers(app)
    answer_problems(app)
    guarded = guard(app, settings)  # after all routes, and after the request has its id
    cors = settings.read(CorsSettings)
    events.add_to(app, cors, watched)
    if not events.is_simulated:  # whose clock is a header that the short way does not read
        add_express(app, shelf, answering, serving, cors, guarded, watched)
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
