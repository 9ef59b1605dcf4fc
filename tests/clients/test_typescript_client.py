"""The TypeScript client: what is made from the description is up to date, its own tests pass."""

import json
import re

from serving.__main__ import main
from serving.app import create_app, open_shelf
from settings import load_settings
from tests.clients.node import CLIENT, npm


def test_the_kept_description_is_what_the_app_serves(tmp_path, capsys):
    """With the default settings; `make clients` writes it anew."""
    file = tmp_path / "nightshelf.toml"
    file.write_text("", encoding="utf-8")
    settings = load_settings(file, {})
    http = create_app(settings, open_shelf(settings)).test_client()
    kept = (CLIENT / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(kept) == http.get("/openapi.json").get_json()
    assert main(["--settings", str(file), "openapi"]) == 0
    assert capsys.readouterr().out == kept


def test_the_types_are_made_from_it(packages, tmp_path):
    """The generator writes what is kept; `make clients` writes it anew."""
    npm("run", "--silent", "generate", "--", str(tmp_path / "schema.ts"))
    made = (tmp_path / "schema.ts").read_text(encoding="utf-8")
    assert made == (CLIENT / "src" / "schema.ts").read_text(encoding="utf-8")


def test_its_own_tests_pass(packages, service):
    """Strict types, and every method against the running service."""
    environ = {"NIGHTSHELF_URL": service.url, "NIGHTSHELF_KEY": service.key}
    environ["NIGHTSHELF_EVENTS_KEY"] = service.events_key
    output = npm("test", environ=environ)
    counts = dict(re.findall(r"^\S (pass|fail|skipped) (\d+)$", output, re.MULTILINE))
    assert counts == {"pass": "13", "fail": "0", "skipped": "0"}


def test_the_lock_names_no_registry():
    """So that it holds wherever packages come from."""
    lock = json.loads((CLIENT / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    unchecked = [name for name, package in lock["packages"].items() if "integrity" not in package]
    assert unchecked == [""]
