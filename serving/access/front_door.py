"""Before a port is open: strangers are not let in by oversight, and keys can be read.

Settings are read again by every new worker (a reload by SIGHUP, one that died), when the port is
open already: then it is shut for those without a key instead.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from serving.access.keys import HOW_TO_MAKE_ONE, read_keys
from serving.access.loopback import is_loopback_name
from serving.access.settings import AccessSettings, keys_file
from serving.access.tokens import check_jwt
from serving.events.settings import IntakeSettings
from settings import Settings
from settings.errors import NightshelfError

log = logging.getLogger("nightshelf.access")

# Where this process answers, as `check_door` reads it: told by gunicorn after the fork.
answers_on: list[str] = []
# The settings that the server was started with: told by gunicorn too.
started_with: list[Settings] = []


class OpenDoorError(NightshelfError):
    """Strangers would be answered, or nobody could be."""


def check_door(settings: Settings, binds: Iterable[str], environ: Mapping[str, str]) -> None:
    """Raise `NightshelfError` unless the app may answer on *binds* (`host:port`, `unix:path`).

    With access control on there must be a key or a way to verify tokens; with a simulated clock
    no other computer may reach the app.
    """
    _check_clock(settings, binds := list(binds), environ)
    access = settings.read(AccessSettings)
    if access.enabled:
        _check_credentials(settings, access, environ)
    elif not access.public:
        for bind in _reached_by_others(binds, environ):
            raise OpenDoorError(
                f"[serving] bind = {bind!r}: others reach this address, and anybody would be "
                "answered; set [access] enabled = true and make a key (python -m serving keys "
                "new --name shop --role read), bind to 127.0.0.1, or say [access] public = "
                "true where a gateway in front checks who calls"
            )


def keep_door(settings: Settings, binds: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """*settings* as a process may use them that answers on *binds* already, *settings* if none.

    Where `check_door` would have refused them, access control is on, so that only those with a key
    or token that can be checked are answered, and the reason is in the log. Nothing is raised: a
    worker that does not start would end the others.
    """
    if not binds:
        return settings
    try:
        check_door(settings, binds, environ)
        return settings
    except NightshelfError as error:
        log.error("%s. Until this is mended, nobody is answered here without a valid key", error)
    access: dict[str, Any] = {"enabled": True, "public": False, "jwt": None}
    try:
        found = settings.read(AccessSettings)
        access = {**settings.tables.get(AccessSettings.section_name, {}), **access}
        if found.jwt is not None:
            check_jwt(settings, found.jwt, environ)
            access["jwt"] = found.jwt
    except NightshelfError:
        pass  # what is wrong was said above; keys count, tokens do not
    intake = settings.tables.get(IntakeSettings.section_name, {})
    changed = {
        AccessSettings.section_name: access,
        IntakeSettings.section_name: {**intake, "simulated_clock": False},
    }
    return replace(settings, tables={**settings.tables, **changed})


def addresses(sockets: Iterable[socket.socket]) -> list[str]:
    """Where *sockets* listen, whoever opened them, as `[serving] bind` spells it."""
    names = [(listening.family, listening.getsockname()) for listening in sockets]
    return [
        "unix:" if family == socket.AF_UNIX else f"[{name[0]}]:{name[1]}" for family, name in names
    ]


def _check_clock(settings: Settings, binds: Iterable[str], environ: Mapping[str, str]) -> None:
    if not settings.read(IntakeSettings).simulated_clock:
        return
    for bind in _reached_by_others(binds, environ):
        raise OpenDoorError(
            f"[intake] simulated_clock = true and [serving] bind = {bind!r}: others reach this "
            "address and could tell what time it is; bind to 127.0.0.1, or set it to false"
        )


def _reached_by_others(binds: Iterable[str], environ: Mapping[str, str]) -> list[str]:
    """Those of *binds*, and what systemd hands over, that not only this computer reaches."""
    handed = ["fd:// (LISTEN_FDS)"] if environ.get("LISTEN_FDS") else []  # wherever that is
    return [bind for bind in (*binds, *handed) if not _is_private(bind)]


def _check_credentials(
    settings: Settings, access: AccessSettings, environ: Mapping[str, str]
) -> None:
    if access.public:
        raise OpenDoorError(
            "[access] enabled and public are both true; expected one: either keys are asked for "
            "or strangers are answered"
        )
    if access.jwt is not None:
        check_jwt(settings, access.jwt, environ)
        if not keys_file(settings).exists():
            return  # tokens alone
    if not read_keys(keys_file(settings)) and access.jwt is None:
        raise OpenDoorError(f"{keys_file(settings)}: no key in it; {HOW_TO_MAKE_ONE}")


def _is_private(bind: str) -> bool:
    if bind.startswith("unix:"):
        return True
    host = bind.rpartition(":")[0].strip("[]")
    return is_loopback_name(host)
