"""Everything about events that an application needs, put together from the settings."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint

from serving.events.check import Checker
from serving.events.clock import Clock, simulated
from serving.events.intake import Intake
from serving.events.routes import events_blueprint
from serving.events.settings import IntakeSettings
from serving.events.stream import Stream
from serving.manners.limits import LimitSettings
from serving.shelf.shelf import Shelf
from settings import Settings
from settings.events import EventSettings

EVENTS = "nightshelf-events"  # the intake, among the extensions of an application


class Events(NamedTuple):
    """What takes events, and its routes."""

    blueprint: Blueprint
    intake: Intake


def open_events(settings: Settings, shelf: Shelf, key: bytes, clock: Clock) -> Events:
    """The intake of *settings*; its trips are of the same kind as those of *shelf*."""
    intake_settings = settings.read(IntakeSettings)
    if intake_settings.simulated_clock:
        clock = simulated(clock)
    intake = Intake(Stream.of(settings, type(shelf.trips)))
    checker = Checker(tuple(settings.read(EventSettings).weights), intake_settings, key)
    limits = settings.read(LimitSettings)
    return Events(events_blueprint(checker, intake, clock, intake_settings, limits), intake)
