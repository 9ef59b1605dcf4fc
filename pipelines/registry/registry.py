"""Which models there are, in what state, and every decision about them: `registry.json`.

A `Registry` is a value: whoever decides makes a new one, and `changes` puts it on disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pipelines.files import read_json
from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory

State = Literal["challenger", "champion", "archived"]
Action = Literal["register", "promote", "refuse", "roll back", "archive", "remove"]

REGISTRY = "registry.json"
_CROWNING = ("promote", "roll back")
_ANEW = (
    "`python -m pipelines publish --run RUN --no-activate` registers a run's model anew, that of "
    "the live version first"
)


class RegistryError(NightshelfError):
    """The registry is damaged, or lacks the model that was asked for."""


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """One model as the registry knows it; everything else is in the model's manifest."""

    model: str
    state: State
    run_id: str
    version: str  # of the lists that it made
    as_of: str  # naive UTC, ISO
    registered_at: str  # UTC, ISO
    manifest_sha256: str
    published: bool = False  # it was meant for readers, whatever came of it; else of a dry run


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided about a model, when, by whom and why."""

    moment: str  # UTC, ISO
    action: Action
    model: str
    replaced: str | None  # the champion until then, where there is another one now
    reason: str
    by: str


@dataclass(frozen=True)
class Registry:
    """All models, the one registered first in front, and all decisions, the oldest first."""

    models: tuple[ModelRecord, ...] = ()
    history: tuple[Decision, ...] = ()

    @property
    def champion(self) -> ModelRecord | None:
        """The model whose lists readers see; None while those are of no model known here."""
        return next((record for record in self.models if record.state == "champion"), None)

    @property
    def predecessor(self) -> ModelRecord | None:
        """The model that was champion before, leaving out what was gone back from."""
        return next(iter(self.predecessors), None)

    @property
    def predecessors(self) -> list[ModelRecord]:
        """Those that were champion before, the last one first."""
        champion = self.champion
        return [r for r in reversed(self._champions()) if champion is None or r != champion]

    def find(self, name: str) -> ModelRecord:
        """The one model that *name* means: its id, run or version, or the beginning of one.

        Raises `RegistryError` naming the models that there are, or those that *name* may mean.
        """
        exact = [r for r in self.models if name in (r.model, r.run_id, r.version)]
        begun = [r for r in self.models if r.model.startswith(name) or r.version.startswith(name)]
        found = [record.model for record in exact or begun] if name else []
        if len(found) == 1:
            return next(record for record in self.models if record.model == found[0])
        if found:
            raise RegistryError(f"{name!r} may be {', '.join(found)}; say more of the id")
        known = ", ".join(record.model for record in self.models)
        raise RegistryError(f"no model {name!r}; there are: {known or 'none yet (end a night)'}")

    def is_refused(self, model: str) -> bool:
        """Whether the gate refused *model*, and nobody has made it champion since."""
        actions = [d.action for d in self.history if d.model == model]
        said = [action for action in actions if action in ("refuse", *_CROWNING)]
        return said[-1:] == ["refuse"]

    def of_version(self, version: str) -> ModelRecord | None:
        """The model that made the lists *version*, the champion or else the newest of several."""
        made = [record for record in self.models if record.version == version]
        made.sort(key=lambda record: record.state == "champion")
        return made[-1] if made else None

    def add(self, record: ModelRecord, *, reason: str, by: str) -> Registry:
        """*record* as a new model, or with a new manifest in place of the one it had."""
        models = {r.model: r for r in self.models} | {record.model: record}
        changed = replace(self, models=tuple(models.values()))
        return changed._decide("register", record.model, reason, by)

    def crown(self, model: str, *, reason: str, by: str, action: Action | None = None) -> Registry:
        """*model* as champion; the one until then is archived.

        Without *action*: `roll back` to a model that was champion before, else `promote`.
        """
        was = any(record.model == model for record in self._champions())
        before = self.champion
        changed = self._with_states({before.model: "archived"} if before else {})
        changed = changed._with_states({model: "champion"}).publish(model)
        action = action or ("roll back" if was else "promote")
        return changed._decide(action, model, reason, by, before.model if before else None)

    def publish(self, model: str) -> Registry:
        """*model* is meant for readers: from now on it is no longer that of a dry run."""
        models = (replace(r, published=r.published or r.model == model) for r in self.models)
        return replace(self, models=tuple(models))

    def refuse(self, model: str, *, reason: str, by: str) -> Registry:
        """*model* stays what it is; the reason is kept."""
        return self._decide("refuse", model, reason, by)

    def archive_champion(self, *, reason: str, by: str) -> Registry:
        """No champion: readers see lists of no model that is known here."""
        champion = self.champion
        if champion is None:
            return self
        changed = self._with_states({champion.model: "archived"})
        return changed._decide("archive", champion.model, reason, by)

    def without_old(self, keep: int) -> Registry:
        """The newest *keep* of the published models, and as many of dry runs: none of these
        pushes out what was meant for readers. Champion and predecessor stay whatever their age.
        """
        stay = {r.model for r in (self.champion, self.predecessor) if r is not None}
        for published in (True, False):
            alike = [record for record in self.models if record.published is published]
            stay |= {record.model for record in alike[-keep:]}
        changed = replace(self, models=tuple(r for r in self.models if r.model in stay))
        for record in self.models:
            if record.model not in stay:
                kind = "published" if record.published else "of dry runs"
                reason = f"older than the newest {keep} {kind}, which [registry] keep_models keeps"
                changed = changed._decide("remove", record.model, reason, "night")
        return changed

    def to_json(self) -> dict[str, Any]:
        return {
            "models": [asdict(record) for record in self.models],
            "history": [asdict(decision) for decision in self.history],
        }

    def _champions(self) -> list[ModelRecord]:
        """Models that were champion, the last one last; going back drops what came after."""
        names: list[str] = []
        for decision in self.history:
            if decision.action in _CROWNING:
                known = decision.model in names
                names = names[: names.index(decision.model)] if known else names
                names.append(decision.model)
        kept = {record.model: record for record in self.models}
        return [kept[name] for name in names if name in kept]

    def _with_states(self, states: dict[str, State]) -> Registry:
        models = (replace(r, state=states.get(r.model, r.state)) for r in self.models)
        return replace(self, models=tuple(models))

    def _decide(
        self, action: Action, model: str, reason: str, by: str, replaced: str | None = None
    ) -> Registry:
        decision = Decision(
            moment=datetime.now(UTC).isoformat(timespec="seconds"),
            action=action,
            model=model,
            replaced=replaced,
            reason=reason,
            by=by,
        )
        return replace(self, history=(*self.history, decision))


def models_directory(settings: Settings) -> Path:
    """`var/<namespace>/models/`: a folder a model, and the registry."""
    return var_directory(settings) / "models"


def read_registry(settings: Settings) -> Registry:
    """The registry on disk, an empty one before the first model.

    The live version may have moved since it was written: `follow.follow_live` looks at both.
    Raises `RegistryError` when the file is damaged.
    """
    path = models_directory(settings) / REGISTRY
    try:
        stored = read_json(path)
        models = tuple(ModelRecord(**record) for record in stored["models"])
        history = tuple(Decision(**decision) for decision in stored["history"])
    except FileNotFoundError:
        return Registry()
    except (ValueError, TypeError, KeyError) as error:
        raise RegistryError(
            f"{path} is damaged ({error}); put back a copy, or move it away: {_ANEW}"
        ) from None
    _check_one_champion(path, models)
    return Registry(models, history)


def _check_one_champion(path: Path, models: Iterable[ModelRecord]) -> None:
    champions = [record.model for record in models if record.state == "champion"]
    if len(champions) > 1:
        raise RegistryError(
            f"{path} has the champions {', '.join(champions)}; expected one: put back a copy, or "
            f"move it away: {_ANEW}"
        )
