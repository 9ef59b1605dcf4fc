"""Encrypted connections whose certificates are read once and not at every connect."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path
from typing import Any

from redis.connection import SSLConnection

from store.settings import StoreSettings

_FILES = {
    "ssl_ca_certs": "tls_ca_file",
    "ssl_certfile": "tls_cert_file",
    "ssl_keyfile": "tls_key_file",
}
# What a context is made of here; of any other option the URL gets redis-py's own connection.
CACHED_OPTIONS = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"}
    | {"ssl_cert_reqs", "ssl_check_hostname", "ssl_password"}
)
_contexts: dict[tuple[Any, ...], ssl.SSLContext] = {}
_lock = threading.Lock()


def tls_options(settings: StoreSettings) -> dict[str, str]:
    """The files of *settings* under redis-py's names."""
    named = {option: getattr(settings, key) for option, key in _FILES.items()}
    return {option: path for option, path in named.items() if path is not None}


class CachedTlsConnection(SSLConnection):
    """An encrypted connection that shares its context with the others.

    Making one reads and parses every certificate that the system trusts, some 20 ms during which no
    other thread of the process answers. Files that changed are read again.
    """

    def _wrap_socket_with_ssl(self, sock: Any) -> ssl.SSLSocket:
        names = (self.ca_certs, self.certfile, self.keyfile)
        changed = tuple(Path(name).stat().st_mtime_ns if name else 0 for name in names)
        key = (*names, *changed, self.ca_path, self.cert_reqs, self.check_hostname)
        with _lock:
            if (context := _contexts.get(key)) is None:
                context = _contexts[key] = self._make_context()
        return context.wrap_socket(sock, server_hostname=self.host)

    def _make_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_certs, capath=self.ca_path)
        context.check_hostname = self.check_hostname
        context.verify_mode = self.cert_reqs
        if self.certfile:
            context.load_cert_chain(self.certfile, self.keyfile, self.certificate_password)
        return context
