"""`forget USER`: nothing is known of a user any more, on the shelf at once, on disk afterwards."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines.forgetting.forget import Forgetting, forget_files, forget_user
from pipelines.forgetting.record import proof_path
from pipelines.registry.promote import who
from settings import Settings
from store.audit import AuditLog, audit_file

LEFT_OVER = 4  # exit code: something stays until the command, or the DAG, runs again


def add_commands(commands: Any) -> None:
    """Adds `forget`."""
    text = "forget a user: tombstone and store at once, then every file, then the proof"
    parser = commands.add_parser("forget", help=text, description=text)
    parser.add_argument("user", nargs="?", help="the user's id; none: go on with those asked for")
    parser.add_argument(
        "--later", action="store_true", help="leave the files to the DAG forget_users"
    )
    parser.add_argument(
        "--again", action="store_true", help="look once more for all who were ever forgotten"
    )
    parser.set_defaults(command=_forget)


def _forget(settings: Settings, options: argparse.Namespace) -> int | None:
    if options.user is not None:
        stone, n_removed = forget_user(settings, options.user)
        actor = {"subject": who("command line")}
        about = {"digest": stone.digest, "removed": n_removed}
        AuditLog(audit_file(settings)).note(actor, "forget", about)
        print(f"digest  {stone.digest}\nstore   {n_removed} fields removed")
    if options.later:
        return None
    known = () if options.user is None else (options.user,)
    return _tell(settings, forget_files(settings, users=known, again=options.again))


def _tell(settings: Settings, done: Forgetting) -> int | None:
    print(f"files   {done.n_files} rewritten or deleted, for {len(done.digests)} users")
    for digest in done.digests:
        print(f"proof   {proof_path(settings, digest)}")
    for line in done.left:
        print(f"left    {line}")
    return LEFT_OVER if done.left else None
