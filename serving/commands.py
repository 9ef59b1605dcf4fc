"""`openapi`: the description of the routes. `keys new|list|revoke`: who may call them."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys

from serving.access.identity import ROLES
from serving.access.keys import add_key, read_keys, revoke_key
from serving.access.settings import AccessSettings, keys_file
from serving.openapi import build_document
from settings import Settings
from store.audit import AuditLog, audit_file


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `openapi` and `keys` to *commands*."""
    openapi = commands.add_parser("openapi", help="print what /openapi.json of the app answers")
    openapi.set_defaults(command=_openapi)
    about = "API keys: make, list, revoke"
    keys = commands.add_parser("keys", help=about, description=about)
    actions = keys.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="make a key and print it, this once")
    new.add_argument("--name", required=True, help="who uses it, as the audit log will say")
    new.add_argument("--role", required=True, choices=ROLES)
    new.set_defaults(command=_new)
    actions.add_parser("list", help="ids, names and roles").set_defaults(command=_list)
    revoke = actions.add_parser("revoke", help="let a key count no more, within a second")
    revoke.add_argument("key", help="its id or name")
    revoke.set_defaults(command=_revoke)


def _openapi(settings: Settings, options: argparse.Namespace) -> None:
    print(json.dumps(build_document(settings), ensure_ascii=False, indent=2))


def _new(settings: Settings, options: argparse.Namespace) -> None:
    path = keys_file(settings)
    made = add_key(path, options.name, options.role)
    _note(settings, "key made", made.record.id, made.record.name, made.record.role)
    print(made.text)
    print(f"kept in {path}: its hash alone; the key is not shown again", file=sys.stderr)
    if not settings.read(AccessSettings).enabled:
        print("no key is asked for yet: set [access] enabled = true", file=sys.stderr)


def _list(settings: Settings, options: argparse.Namespace) -> None:
    for record in read_keys(keys_file(settings)).values():
        print(f"{record.id}  {record.role:6}  {record.created_at}  {record.name}")


def _revoke(settings: Settings, options: argparse.Namespace) -> None:
    record = revoke_key(keys_file(settings), options.key)
    _note(settings, "key revoked", record.id, record.name, record.role)
    print(f"revoked {record.id} ({record.name})")


def _note(settings: Settings, action: str, key_id: str, name: str, role: str) -> None:
    actor = {"subject": f"cli:{_user()}"}
    details = {"id": key_id, "name": name, "role": role}
    AuditLog(audit_file(settings)).note(actor, action, details)


def _user() -> str:
    """The account that runs this; a container's may have a number only."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
