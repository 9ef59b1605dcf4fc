"""Publishing a run with its model: the gate decides whether readers see it."""

from __future__ import annotations

import logging

import redis

from pipelines.publish import Publication, PublishError, PublishSettings, publish_lists
from pipelines.registry.changes import change_registry
from pipelines.registry.follow import Followed, follow_live
from pipelines.registry.gate import Verdict, judge
from pipelines.registry.model import open_model
from pipelines.registry.register import register_run
from pipelines.registry.registry import ModelRecord
from pipelines.runs import Run
from settings import ProjectSettings
from store.pointer import Pointer

log = logging.getLogger("nightshelf")


def publish_model(
    run: Run, client: redis.Redis, *, activate: bool = True, allow_older: bool = False
) -> Publication:
    """Loads the lists of a finished *run*; shows them if the gate holds and nothing forbids it.

    A hold, newer live lists and *activate* come first: the model then stays a challenger without
    a word. A refusal of the gate stands in the publication, the log and the registry.
    """
    namespace = run.settings.read(ProjectSettings).namespace
    record = register_run(run)
    followed = follow_live(run.settings, client)
    if followed.pointer is None:
        raise PublishError(f"{followed.problem}; publish again when the store answers")
    asked = activate and _is_asked(record, followed.pointer)
    verdict = _ask_gate(run, record, followed) if asked else Verdict(record.model, (), ())
    with run.lock("publish"):
        publication = publish_lists(
            run.path("lists"),
            client,
            namespace,
            run.settings.read(PublishSettings),
            activate=activate,
            allow_older=allow_older,
            judged=(followed.pointer.generation, verdict.refusal),
        )
    _record(run, record, client, publication, verdict)
    return publication


def _is_asked(record: ModelRecord, pointer: Pointer) -> bool:
    """Whether the gate decides anything: not on live lists, and not under a hold."""
    return pointer.hold is None and pointer.version != record.version


def _ask_gate(run: Run, record: ModelRecord, followed: Followed) -> Verdict:
    challenger = open_model(run.settings, record)
    live = followed.pointer.version if followed.pointer else None
    return judge(run, challenger, followed.registry.champion, live)


def _record(
    run: Run, record: ModelRecord, client: redis.Redis, publication: Publication, verdict: Verdict
) -> None:
    if publication.activated:
        reason = f"the gate held: {verdict.reason}" if verdict.checks else publication.reason
        follow_live(run.settings, client, reason=reason, by="night")
    elif verdict.refusal and publication.reason == verdict.refusal:
        log.warning("%s stays a challenger; %s", record.model, verdict.refusal)
        change_registry(
            run.settings,
            lambda registry: registry.refuse(record.model, reason=verdict.reason, by="night"),
        )
