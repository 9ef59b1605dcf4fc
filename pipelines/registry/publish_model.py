"""Publishing a run with its model: the gate decides whether readers see it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

import redis

from pipelines.forgetting.tombstones import forgotten_users
from pipelines.publish import Publication, PublishError, PublishSettings, publish_lists
from pipelines.registry.changes import change_registry
from pipelines.registry.follow import Followed, follow_live
from pipelines.registry.gate import Verdict, judge
from pipelines.registry.model import open_model
from pipelines.registry.promote import restore_live
from pipelines.registry.register import register_run
from pipelines.registry.registry import ModelRecord
from pipelines.registry.remedy import check_lists
from pipelines.runs import Run
from settings import ProjectSettings
from store.pointer import Pointer

_STAYS = {"challenger": "a challenger", "champion": "champion", "archived": "archived"}
_NOTHING_ELSE = "nothing was live, and no champion before can serve: shown although refused"

log = logging.getLogger("nightshelf")


def publish_model(
    run: Run,
    client: redis.Redis,
    *,
    activate: bool = True,
    allow_older: bool = False,
    by: str = "night",
) -> Publication:
    """Loads the lists of a finished *run*; shows them if the gate holds and nothing forbids it.

    A hold, newer live lists and *activate* come first: the model then stays a challenger without
    a word. A refusal of the gate stands in the publication and the registry, with *by* whom it
    was published. A refusal while nothing is live leaves readers with the champion's lists, or,
    where no champion can serve, with these.
    """
    record = register_run(run, by=by)
    check_lists(run)
    change_registry(run.settings, lambda registry: registry.publish(record.model))
    followed = follow_live(run.settings, client)
    if followed.pointer is None:
        raise PublishError(f"{followed.problem}; publish again when the store answers")
    asked = activate and _is_asked(record, followed.pointer)
    verdict = _ask_gate(run, record, followed) if asked else Verdict(record.model, (), ())
    publication = _publish(
        run,
        client,
        activate=activate,
        allow_older=allow_older,
        judged=(followed.pointer.generation, verdict.refusal),
    )
    if verdict.refusal and publication.reason == verdict.refusal:
        return _refuse(run, client, followed, publication, verdict, by)
    if publication.activated:
        reason = _lines("gate passed", verdict.reasons) if verdict.checks else publication.reason
        follow_live(run.settings, client, reason=reason, by=by)
    return publication


def _is_asked(record: ModelRecord, pointer: Pointer) -> bool:
    """Whether the gate decides anything: not on live lists, and not under a hold."""
    return pointer.hold is None and pointer.version != record.version


def _ask_gate(run: Run, record: ModelRecord, followed: Followed) -> Verdict:
    challenger = open_model(run.settings, record)
    live = followed.pointer.version if followed.pointer else None
    return judge(run, challenger, followed.registry.champion, live)


def _publish(
    run: Run, client: redis.Redis, *, activate: bool, allow_older: bool, judged: tuple[int, str]
) -> Publication:
    forgotten_users(run.settings)  # a store that was lost is told who is forgotten
    with run.lock("publish"):
        return publish_lists(
            run.path("lists"),
            client,
            run.settings.read(ProjectSettings).namespace,
            run.settings.read(PublishSettings),
            activate=activate,
            allow_older=allow_older,
            judged=judged,
        )


def _refuse(
    run: Run,
    client: redis.Redis,
    followed: Followed,
    publication: Publication,
    verdict: Verdict,
    by: str,
) -> Publication:
    """Writes the refusal down, and sees to it that something is live."""
    pointer = followed.pointer or Pointer()
    details = verdict.reasons
    if pointer.version is None:
        why = f"nothing was live, and the gate refused {verdict.model}"
        restored = restore_live(run.settings, client, followed, reason=why, by=by)
        if restored is None:
            judged = (pointer.generation, "")
            shown = _publish(run, client, activate=True, allow_older=True, judged=judged)
            if shown.activated:
                reason = _lines(_NOTHING_ELSE, details[:-1])
                follow_live(run.settings, client, reason=reason, by=by)
                return replace(shown, reason=_NOTHING_ELSE, details=details[:-1])
        else:
            details = (*details, f"nothing was live: the lists of {restored} are shown again")
    state = followed.registry.find(verdict.model).state
    log.warning("%s stays %s", verdict.model, _STAYS[state])
    reason = _lines("the gate refused it", details)
    change_registry(
        run.settings, lambda registry: registry.refuse(verdict.model, reason=reason, by=by)
    )
    return replace(publication, details=details)


def _lines(first: str, others: Iterable[str]) -> str:
    return "\n".join((first, *others))
