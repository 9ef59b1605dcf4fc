"""Everything about events that an application needs, put together from the settings."""

from __future__ import annotations

from flask import Blueprint, Flask

from serving.events.check import Checker
from serving.events.clock import Clock, simulated
from serving.events.exposures import Exposures
from serving.events.gate import Allowance, Gate
from serving.events.intake import Intake
from serving.events.routes import events_blueprint
from serving.events.settings import IntakeSettings
from serving.events.spool import Spool
from serving.events.stream import Stream
from serving.lists.answering import Answering
from serving.manners.cors import CorsSettings
from serving.manners.limits import LimitSettings
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.sight.watch import Watch
from settings import Settings
from settings.events import EventSettings
from settings.project import var_directory
from store.events import EventLogSettings

EVENTS = "nightshelf-events"  # the intake, among the extensions of an application


class Events:
    """What takes the events of an application with *settings*.

    Recommendation ids are signed with *key*, and trips are of the same kind as those of *shelf*.
    """

    def __init__(self, settings: Settings, shelf: Shelf, key: bytes, clock: Clock) -> None:
        chosen = settings.read(IntakeSettings)
        workers = settings.read(ServingSettings).workers
        self.is_simulated = chosen.simulated_clock
        clock = simulated(clock) if self.is_simulated else clock
        self._exposures = (
            Exposures(key, clock, shelf.is_forgotten) if chosen.log_exposures else None
        )
        self.intake = Intake(
            Stream.of(settings, type(shelf.trips), shelf.is_forgotten),
            Spool(var_directory(settings) / "spool", chosen.max_spool),
            Allowance(chosen.max_per_second / workers, max(1, chosen.max_in_flight // workers)),
            settings.read(EventLogSettings).max_backlog,
            self._exposures,
        )
        types = tuple(settings.read(EventSettings).weights)
        checker = Checker(types, chosen, key, shelf.is_forgotten)
        limits = settings.read(LimitSettings)
        self.blueprint: Blueprint = events_blueprint(checker, self.intake, clock, chosen, limits)

    def follow(self, answering: Answering) -> None:
        """Log the answers of *answering* as impressions, if the settings say so."""
        if self._exposures is not None:
            answering.each_answer = self._exposures.note

    def add_to(self, app: Flask, cors: CorsSettings, watch: Watch) -> None:
        """Put the gate before *app*, after everything else that stands there; count for *watch*."""
        intake = self.intake
        gate = Gate(app.wsgi_app, intake.allowance, watch, cors, intake.counts.refused)
        app.wsgi_app = gate  # type: ignore[method-assign] # where Flask wants middleware
        watch.each_flush.append(lambda: intake.count(watch.metrics.events))
        app.extensions[EVENTS] = intake
