"""Night, day, collector, again; then what the days show."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from demo.errors import DemoError
from demo.loop.parts import Apps, start_apps, start_store, wait_for
from demo.loop.picture import draw_days
from pipelines.collect.collect import collect
from pipelines.evaluation.logged import LoggedComparison, compare_on_log
from pipelines.index import load_index
from pipelines.inputs import run_lake
from pipelines.measure.compare import Comparison, compare_variants
from pipelines.measure.everything import measure_everything
from pipelines.moments import NightSettings
from pipelines.night import begin_night, do_night, publish_run
from pipelines.ranking.train import fit_night_ranker, open_ranker
from pipelines.runs import Run
from pipelines.simulate.play import group_of, play_day
from pipelines.simulate.settings import SimulateSettings
from pipelines.simulate.summary import CONTROL, describe
from pipelines.simulate.world import open_world
from pipelines.sources.ingest import ingest
from settings import Settings, load_settings
from settings.project import var_directory

DAYS = 3
DAY = timedelta(days=1)
WITH, WITHOUT = "with impressions", "without"


@dataclass
class Loop:
    """A loop under way."""

    settings: Settings
    seed: int
    first: datetime
    users: set[str] = field(default_factory=set)  # who visited
    runs: list[Run] = field(default_factory=list)
    apps: Apps | None = None

    @classmethod
    def begin(cls, settings: Settings, seed: int) -> Loop:
        """An empty namespace and a store. Raises `DemoError` without a moment to begin at."""
        first = settings.read(NightSettings).as_of
        if first is None:
            raise DemoError(f"{settings.path}: [night] as_of is not set; the loop begins there")
        start_store(settings)
        return cls(settings, seed, first)

    def play(self, number: int) -> dict[str, float]:
        """The night before day *number*, from 0, and the day; the seconds of each part."""
        moments = [time.monotonic()]
        day = self.first + number * DAY
        self._night(day)
        moments.append(time.monotonic())
        self._shop(day)
        moments.append(time.monotonic())
        stored = collect(self.settings, clock=lambda: day + DAY)
        moments.append(time.monotonic())
        print(f"  collected: {stored}", flush=True)
        names = ("nights", "days", "collecting")
        spent = (end - start for start, end in pairwise(moments))
        return dict(zip(names, spent, strict=True))

    def measure(self) -> tuple[Comparison, Path, Path | None]:
        """CTR of both groups by day; the picture of it, and the page of all measures."""
        print("\nmeasuring …", flush=True)
        groups = {user: group_of(user) for user in self.users}
        surface = self.settings.read(SimulateSettings).surface
        comparison = compare_variants(
            self.settings, surface=surface, control=CONTROL, groups=groups
        )
        picture = draw_days(comparison, var_directory(self.settings) / "loop-ctr.svg")
        measured = measure_everything(self.settings, before=(self.first + DAYS * DAY).date())
        return comparison, picture, measured.report

    def compare_rankers(self) -> LoggedComparison | None:
        """The last night's ranker against one of the same night that saw no impression."""
        run, day = self.runs[-1], self.first + (DAYS - 1) * DAY
        lake = ingest(self.settings)  # the last day is in no night
        index = load_index(run)
        shoppers = self.settings.read(SimulateSettings)
        blind = load_settings(self.settings.path, {"NIGHTSHELF__RANKING__IMPRESSIONS": "off"})
        rankers = {
            WITH: open_ranker(run, shoppers.surface, "night"),
            WITHOUT: fit_night_ranker(
                Run(run.id, run.directory, run.as_of, blind), index, shoppers.surface
            ),
        }
        return compare_on_log(
            run,
            index,
            lake,
            shoppers.surface,
            rankers,
            (day, day + DAY),
            lambda places: places**-shoppers.position_bias,
        )

    def _night(self, day: datetime) -> None:
        print(f"\nnight before {day:%Y-%m-%d} …", flush=True)
        run = do_night(begin_night(self.settings, as_of=day))
        self.runs.append(run)
        counts = run.stage_record("rankers")["counts"]
        rows = {k: v for k, v in counts.items() if k.endswith(("_rows", "_trees"))}
        print(f"  ranker: {' '.join(f'{key}={value}' for key, value in rows.items())}")
        publication = publish_run(run)
        print(f"  {publication.version}: {publication.reason}", flush=True)
        if not publication.activated:
            print("\n".join(f"    {line}" for line in publication.details), flush=True)
        if self.apps is None:
            self.apps = start_apps(self.settings)
        if publication.activated:
            surface = self.settings.read(SimulateSettings).surface
            wait_for(self.apps, publication.version, surface)

    def _shop(self, day: datetime) -> None:
        if self.apps is None:
            raise DemoError("the apps do not run")
        print(f"day {day:%Y-%m-%d} …", flush=True)
        world = open_world(
            run_lake(self.runs[-1]),
            day,
            self.settings.read(SimulateSettings),
            seed=self.seed,
            origin=self.first,
        )
        summary = play_day(world, self.apps.url, self.apps.control_url)
        self.users |= set(summary.users)
        for line in describe(summary, self.seed):
            print(f"  {line}", flush=True)
