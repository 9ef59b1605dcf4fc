"""`versions list|activate|hold|release|retire`: what is on the shelf, and who sees it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

import redis

from pipelines.publish import PublishSettings, retire_version
from pipelines.registry.follow import follow_live
from pipelines.registry.promote import who
from settings import ProjectSettings, Settings
from store import versions
from store.audit import AuditLog, audit_file
from store.connection import StoreSettings, connect_publisher
from store.pointer import Pointer, read_active


def add_commands(commands: Any) -> None:
    """Adds `versions` and its own subcommands."""
    text = "look at the versions on the shelf, and choose which one readers see"
    group = commands.add_parser("versions", help=text, description=text)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add(actions, "list", _list, "all versions, the live one marked")
    activate = _add(actions, "activate", _activate, "make a kept version live at once")
    activate.add_argument("version")
    activate.add_argument("--reason", help="hold it there: later nights load, but do not flip")
    hold = _add(actions, "hold", _hold, "nights load, but do not flip, until released")
    hold.add_argument("--reason", required=True, help="why; shown to whoever asks later")
    _add(actions, "release", _release, "the next night flips again")
    _add(actions, "retire", _retire, "delete a version that is not live").add_argument("version")


def _add(actions: Any, name: str, action: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.set_defaults(command=action)
    return parser


def _list(settings: Settings, options: argparse.Namespace) -> None:
    client, namespace = _open(settings)
    pointer = read_active(client, namespace)
    for record in versions.list_versions(client, namespace):
        state = "live" if record.version == pointer.version else record.state
        surfaces = ", ".join(record.surfaces)
        print(f"{record.version}  {state:8}  as of {record.as_of}  {surfaces}")
    if pointer.version is None:
        print(f"namespace {namespace} has no live version; publish a run")
    if pointer.hold:
        print(f"held: {pointer.hold} (let go with `versions release`)")


def _activate(settings: Settings, options: argparse.Namespace) -> None:
    client, namespace = _open(settings)
    before = read_active(client, namespace)
    pointer = versions.activate(client, namespace, options.version, hold=options.reason)
    _note(settings, "activate", before, pointer)
    reason = options.reason or "its lists were activated by hand"
    follow_live(settings, client, reason=reason, by=who("command line"))
    _print(pointer)


def _hold(settings: Settings, options: argparse.Namespace) -> None:
    client, namespace = _open(settings)
    before = read_active(client, namespace)
    pointer = versions.hold(client, namespace, reason=options.reason)
    _note(settings, "hold", before, pointer)
    _print(pointer)


def _release(settings: Settings, options: argparse.Namespace) -> None:
    client, namespace = _open(settings)
    before = read_active(client, namespace)
    pointer = versions.release(client, namespace)
    _note(settings, "release", before, pointer)
    _print(pointer)


def _retire(settings: Settings, options: argparse.Namespace) -> None:
    client, namespace = _open(settings)
    retire_version(client, namespace, options.version, settings.read(PublishSettings))
    print(f"version {options.version} is gone; publishing its run brings it back")


def _note(settings: Settings, action: str, before: Pointer, after: Pointer) -> None:
    """Keep who moved the pointer, beside what administrators do over HTTP."""
    details = {"before": asdict(before), "after": asdict(after)}
    AuditLog(audit_file(settings)).note({"subject": who("command line")}, action, details)


def _print(pointer: Pointer) -> None:
    held = f", held: {pointer.hold}" if pointer.hold else ""
    print(f"live: {pointer.version} (generation {pointer.generation}){held}")


def _open(settings: Settings) -> tuple[redis.Redis, str]:
    client = connect_publisher(settings.read(StoreSettings))
    return client, settings.read(ProjectSettings).namespace
