"""Before a port is open: strangers are not let in by oversight, and keys can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from serving.access.keys import HOW_TO_MAKE_ONE, read_keys
from serving.access.loopback import is_loopback_name
from serving.access.settings import AccessSettings, keys_file
from serving.access.tokens import check_jwt
from settings import Settings
from settings.errors import NightshelfError


class OpenDoorError(NightshelfError):
    """Strangers would be answered, or nobody could be."""


def check_door(settings: Settings, binds: Iterable[str], environ: Mapping[str, str]) -> None:
    """Raise `NightshelfError` unless the app may answer on *binds* (`host:port`, `unix:path`).

    With access control on there must be a key or a way to verify tokens.
    """
    access = settings.read(AccessSettings)
    if access.enabled:
        _check_credentials(settings, access, environ)
    elif not access.public:
        handed = ["fd:// (LISTEN_FDS)"] if environ.get("LISTEN_FDS") else []  # wherever that is
        for bind in (*binds, *handed):
            if not _is_private(bind):
                raise OpenDoorError(
                    f"[serving] bind = {bind!r}: others reach this address, and anybody would be "
                    "answered; set [access] enabled = true and make a key (python -m serving keys "
                    "new --name shop --role read), bind to 127.0.0.1, or say [access] public = "
                    "true where a gateway in front checks who calls"
                )


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
