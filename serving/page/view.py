"""Everything that the page shows for one request, before it is HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ServiceUnavailable

from serving.lists.parameters import read_wish
from serving.lists.rules import Rule
from serving.manners.problems import ParameterProblem
from serving.page.around import Around, read_around
from serving.page.asked import Asked, UnknownChoiceProblem, nothing_asked, read_asked
from serving.page.kept import DamagedVersionError, KeptVersions
from serving.page.lists import Column, beside, read_column, surfaces_of
from serving.settings import ServingSettings
from serving.shelf.patient import PatientStore
from serving.shelf.shelf import Shelf
from serving.shelf.snapshot import Snapshot
from store.keys import VERSION_PATTERN

COLUMNS = 2  # at most


@dataclass(frozen=True)
class View:
    """What the template is filled with."""

    asked: Asked
    columns: tuple[Column, ...]  # one, two, or none where something is wrong or nobody is asked for
    around: Around
    snapshot: Snapshot | None  # that this process answers from
    surfaces: tuple[str, ...]
    is_stale: bool
    default_surface: str
    max_n: int
    problem: str | None = None
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True)
class Viewer:
    """Puts views together from the shelf of the process and, beside it, the patient store."""

    shelf: Shelf
    store: PatientStore
    kept: KeptVersions
    settings: ServingSettings
    rules: Sequence[Rule]

    def view(self, arguments: MultiDict[str, str]) -> View:
        """What *arguments* ask for; what is wrong with them is said in the view."""
        asked, problem, status = nothing_asked(self.settings), None, HTTPStatus.OK
        columns: list[Column] = []
        try:
            asked = read_asked(arguments, self.settings)
            for each in self._wanted(asked):  # a first list is shown beside a second that fails
                columns.append(self._column(each))
        except ParameterProblem as error:
            problem, status = f"{error}.", error.status
        except DamagedVersionError as error:
            problem, status = str(error), HTTPStatus.NOT_FOUND
        except ServiceUnavailable as error:
            problem, status = str(error.description), HTTPStatus.SERVICE_UNAVAILABLE
        snapshot = self.shelf.snapshot
        provenance = (snapshot or self.shelf.static).provenance
        return View(
            asked,
            tuple(columns) if len(columns) < COLUMNS else beside(*columns),
            read_around(self.store, self.shelf, asked, self.settings),
            snapshot,
            surfaces_of(self.shelf),
            provenance.is_stale(self.settings.stale_after, datetime.now(UTC)),
            self.settings.default_surface,
            self.settings.max_n,
            problem,
            status,
        )

    def _wanted(self, asked: Asked) -> Iterator[Asked]:
        if asked.user_id is None:  # what is wrong is said all the same
            read_wish(None, asked.arguments, surfaces_of(self.shelf), self.settings)
            return
        yield asked
        if asked.compare is not None:
            yield self._other(asked, asked.compare)

    def _other(self, asked: Asked, compare: str) -> Asked:
        """What stands in the second column: *compare* is a version, or else a surface."""
        if VERSION_PATTERN.fullmatch(compare):
            live = self.shelf.snapshot
            is_live = live is not None and compare == live.keys.version
            return replace(asked, version=None if is_live else compare)
        known = surfaces_of(self.shelf)
        if known and compare not in known:
            expected = f"one of {', '.join(known)}, or the id of a version"
            raise UnknownChoiceProblem("compare", compare[:200], expected)
        return replace(asked, surface=compare)

    def _column(self, asked: Asked) -> Column:
        live = self.shelf.snapshot
        is_live = asked.version is None or (live is not None and asked.version == live.keys.version)
        shelves = (
            nullcontext(self.shelf)
            if is_live or asked.version is None
            else self.kept.open(asked.version, self.shelf.hidden)
        )
        with shelves as shelf:
            return read_column(shelf, asked, self.settings, self.rules, is_live=is_live)
