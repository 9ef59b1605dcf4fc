"""`night`, `ingest`, `begin`, one command a stage, `score`, `publish`, `finish`, `runs`."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines import night
from pipelines.commands.moment import moment
from pipelines.evaluation.comparison_section import comparison_lines
from pipelines.evaluation.table import evaluation_table
from pipelines.features.rebuilt import rebuilt_line
from pipelines.files import read_json
from pipelines.publish import Publication
from pipelines.registry.follow import lost_champion
from pipelines.registry.promote import who
from pipelines.runs import FINISHED, Run, RunError, list_runs, open_run
from pipelines.sources.ingest import ingest
from pipelines.surfaces import SurfacesSettings
from settings import Settings

REFUSED = 3  # exit code: loaded, and the gate refused to show it

# All but `features`, which has actions of its own.
STAGE_HELP = {
    "index": "number users and items",
    "check_events": "gate: are events, items and users sound?",
    "check_features": "gate: grain, header checks, freshness of every table",
    "drift": "what every feature looks like, beside the last runs; drift.json, metrics.prom",
    "generators": "fit the candidate generators at every cutoff",
    "rankers": "train the rankers: one to be evaluated, one for the night",
    "evaluation": "score the newest window that the ranker did not see; evaluation.json",
    "lists": "apply the rules, find reasons, pack the lists",
    "check_lists": "gate: fill, doubles, availability, scores, coverage",
    "compare": "tonight's figures and lists against the live version; comparison.json",
    "report": "write report.html",
    "catalogue": "every feature on one page: catalog.html",
}


def add_commands(commands: Any) -> None:
    """Adds this module's subcommands."""
    whole = _add(commands, "night", _night, "the whole night: ingest, build, check, publish")
    _add_moment(whole)
    whole.add_argument("--dry-run", action="store_true", help="stop before publishing")
    _add(commands, "ingest", _ingest, "bring in what the source has; fills the lake")
    _add_moment(_add(commands, "begin", _begin, "open a run without doing its stages"))
    for stage, text in STAGE_HELP.items():
        name = stage.replace("_", "-")
        _add_run(_add(commands, name, do_chosen_stage, text)).set_defaults(stage=stage)
    score = _add_run(
        _add(commands, "score", _score, "rank the candidates of all users, or a shard")
    )
    score.add_argument("--shard", type=int, help="only this shard, from 0")
    _add_run(
        _add(commands, "finish", _finish, "complete the manifest of a run; it is read-only then")
    )
    publish = _add_run(_add(commands, "publish", _publish, "load a run's lists into the store"))
    publish.add_argument("--no-activate", action="store_true", help="load, but do not flip")
    publish.add_argument("--allow-older", action="store_true", help="flip even to an older as_of")
    _add(commands, "runs", _runs, "list the runs on disk")


def _add(commands: Any, name: str, command: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _add_moment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", type=moment, help="the run's moment (default: [night] as_of)")
    parser.add_argument("--force", action="store_true", help="rebuild a finished run beside itself")
    parser.add_argument(
        "--surface", action="append", default=[], help="only this surface (with --dry-run)"
    )


def _add_run(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--run", help="name of the run (default: the newest that will do)")
    return parser


def _night(settings: Settings, options: argparse.Namespace) -> int:
    if options.surface and not options.dry_run:
        raise RunError("--surface makes lists for some surfaces only; it needs --dry-run")
    run = _open_new(settings, options)
    run = night.do_night(run)
    names = run.settings.read(SurfacesSettings).names
    print(evaluation_table(read_json(run.path("evaluation.json")), names))
    print(comparison_lines(read_json(run.path("comparison.json")), names))
    print(rebuilt_line(run))
    print(f"run    {run.id}\nlists  {night.lists_hash(run)}\nreport {run.path('report.html')}")
    return 0 if options.dry_run else _print_publication(night.publish_run(run, by=who("night")))


def _ingest(settings: Settings, options: argparse.Namespace) -> None:
    lake = ingest(settings)
    print(f"lake {lake.directory}: {lake.manifest['counts']}")


def _begin(settings: Settings, options: argparse.Namespace) -> None:
    print(_open_new(settings, options).name)


def _open_new(settings: Settings, options: argparse.Namespace) -> Run:
    return night.begin_night(
        settings, as_of=options.as_of, force=options.force, surfaces=options.surface
    )


def do_chosen_stage(settings: Settings, options: argparse.Namespace) -> None:
    """Does `options.stage` of the run `options.run`, or of the newest."""
    run = _chosen(settings, options)
    night.check_inputs(run)  # also of a stage that is done: "done already" would mislead
    night.do_stage(run, options.stage)


def _score(settings: Settings, options: argparse.Namespace) -> None:
    run = _chosen(settings, options)
    for shard in night.shards(run) if options.shard is None else [options.shard]:
        night.score_shard(run, shard)


def _finish(settings: Settings, options: argparse.Namespace) -> None:
    run = night.finish_night(_chosen(settings, options))
    print(f"run   {run.id}\nlists {night.lists_hash(run)}")


def _publish(settings: Settings, options: argparse.Namespace) -> int:
    run = _chosen_to_publish(settings, options)
    publication = night.publish_run(
        run,
        activate=not options.no_activate,
        allow_older=options.allow_older,
        by=who("command line"),
    )
    return _print_publication(publication)


def _runs(settings: Settings, options: argparse.Namespace) -> None:
    for name in list_runs(settings):
        run = open_run(settings, name)
        last = "".join(f", done up to {record['stage']}" for record in run.stage_records()[-1:])
        state = "finished" if run.is_done(FINISHED) else f"unfinished{last}"
        only = "  only some surfaces" if run.manifest["is_partial"] else ""
        tuning = "  begun by tune, not by a night" if run.is_for_tuning else ""
        print(f"{name}  {state}{only}{tuning}")


def _chosen(settings: Settings, options: argparse.Namespace) -> Run:
    names = [options.run] if options.run else list_runs(settings)
    if not names:
        raise RunError("no run on disk yet; start one with `python -m pipelines night`")
    return open_run(settings, names[-1])


def _chosen_to_publish(settings: Settings, options: argparse.Namespace) -> Run:
    if options.run:
        return open_run(settings, options.run)
    runs = [open_run(settings, name) for name in list_runs(settings)]
    whole = [r for r in runs if r.is_done(FINISHED) and not r.manifest["is_partial"]]
    champion = lost_champion(settings)
    if champion is not None:  # maybe gone back to: the newest run may be what was wrong
        for run in whole:
            if run.id == champion:
                print(f"nothing is live: publishing {run.name}, whose model is champion")
                return run
    if not whole:
        raise RunError(
            "no finished run with all surfaces on disk; make one with `python -m pipelines night`"
        )
    return whole[-1]


def _print_publication(publication: Publication) -> int:
    """The exit code: `REFUSED` when there are reasons of the gate why readers see other lists."""
    state = "live" if publication.activated else "not live"
    print(
        f"version {publication.version}: {state}, {publication.reason} "
        f"({publication.n_users} users, {publication.n_bytes / 1e6:.1f} MB shipped, "
        f"{publication.seconds:.1f} s)"
    )
    for line in publication.details:
        print(f"  {line}")
    return REFUSED if publication.details and not publication.activated else 0
