"""Whether a port is free, before something fails on it in a log that nobody reads."""

from __future__ import annotations

import socket

from demo.errors import DemoError


def check_free(host: str, port: int, what: str, remedy: str) -> None:
    """Raises `DemoError` naming port, *what* wants it and the setting in *remedy*."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DemoError(
                f"port {port} on {host}, wanted by {what}, is taken by another program ({error}); "
                f"stop that one, or choose another port: {remedy}"
            ) from None
