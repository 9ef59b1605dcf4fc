"""How fast a client is told that it has the answer already."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any

from benchmarks.serving_runners.contenders import Contender, N, get
from benchmarks.serving_runners.figures import figures_of
from benchmarks.serving_runners.wrk import Load, run_wrk, write_requests

USERS = 2000  # who ask again, at most


def measure_not_modified(
    contender: Contender, users: list[str], load: Load, folder: Path
) -> dict[str, Any]:
    """Some of *users* ask with the tag of the answer that they have; the share of 304."""
    asked = users[:: max(1, len(users) // USERS)]
    requests = []
    connection = http.client.HTTPConnection(*contender.address, timeout=10)
    for user in asked:
        connection.request("GET", f"/recs/{user}?n={N}")
        response = connection.getresponse()
        response.read()
        requests.append(get(user, f"If-None-Match: {response.getheader('ETag', '*')}\r\n"))
    connection.close()
    file = write_requests(folder / "requests-tagged", requests)
    seen = run_wrk(contender.address, file, load, count_304=True)
    return {**figures_of(seen), "share": round(seen.not_modified / max(seen.answers, 1), 4)}
