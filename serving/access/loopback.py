"""Whether a request comes from this computer and from a page of this service, if from a page."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Any

# A proxy on this computer makes everybody's requests look like ours.
FORWARDED = ("HTTP_X_FORWARDED_", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::[0-9]{1,5})?")
_SITE = "HTTP_SEC_FETCH_SITE"
SAFE_METHODS = frozenset({"GET", "HEAD"})


def why_not_local(environ: Mapping[str, Any]) -> str | None:
    """What speaks against a request being local, None when nothing does.

    The name in `Host` counts too: a page elsewhere may point its own name at this computer and then
    pass for the same origin (DNS rebinding).
    """
    if not is_loopback(environ.get("REMOTE_ADDR", "")):
        return "it does not come from this computer"
    if any(name.startswith(FORWARDED) for name in environ):
        return "it came through a proxy"
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.0":  # nginx unless told otherwise, naming nobody
        return "it is HTTP/1.0, as proxies send it"
    host = environ.get("HTTP_HOST", "")
    if not is_loopback_name(_name_of(host)):
        return "its Host is not a name of this computer"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin.lower() != f"{environ['wsgi.url_scheme']}://{host}".lower():
        return "a page of another origin sent it"
    site = environ.get(_SITE)
    by_hand = site == "none" and environ["REQUEST_METHOD"] in SAFE_METHODS  # typed, bookmarked
    if site not in (None, "same-origin") and not by_hand:
        return "a page of another origin sent it"
    return None


def why_not_taken(
    environ: Mapping[str, Any], origins: Collection[str], *, is_public: bool
) -> str | None:
    """What speaks against taking events from a request without a key, None when nothing does.

    A page of one of *origins* may send them. Where strangers are answered (*is_public*) anybody may
    but a page of another origin, which a browser would let send them unasked.
    """
    if environ.get("HTTP_ORIGIN") in origins:
        environ = {k: v for k, v in environ.items() if k not in ("HTTP_ORIGIN", _SITE)}
    if not is_public:
        return why_not_local(environ)
    host = environ.get("HTTP_HOST", "").lower()
    origin = environ.get("HTTP_ORIGIN", f"//{host}").lower()
    if environ.get(_SITE) == "same-origin" or origin.partition("//")[2] == host:
        return None
    return "a page of another origin sent it, which [cors] origins does not name"


def is_loopback(address: str) -> bool:
    """Whether *address* is of this computer alone."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def is_loopback_name(name: str) -> bool:
    """Whether *name*, as in an address, leads to this computer wherever it is read."""
    return name.lower() == "localhost" or is_loopback(name)


def _name_of(host: str) -> str:
    """*host* without its port; empty when it is no name."""
    match = _HOST.fullmatch(host)
    return "" if match is None else match[1] or match[2]
