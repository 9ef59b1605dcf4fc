"""Snippets of the pages as programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clients.node import CLIENT
from tests.docs.pages import blocks

SITE = "http://127.0.0.1:8000"

# A page with the component of a snippet in it.
RENDER = """
import { createRoot } from "react-dom/client";
import { Recommendations } from "./snippet";

document.body.replaceChildren();
createRoot(document.body).render(<Recommendations userId="u1" n={3} />);
"""
CONFIG = {
    "extends": "../tsconfig.json",
    "compilerOptions": {"rootDir": ".", "jsx": "react-jsx", "noEmit": True},
    "include": ["."],
}


def snippet(page: str, language: str) -> str:
    """The only block of *language* on *page*."""
    (text,) = [block.text for block in blocks(language) if block.page == page]
    return text


@contextmanager
def open_project() -> Iterator[Path]:
    """A folder in which `nightshelf-client` is the client as it is built."""
    with TemporaryDirectory(prefix="build-", dir=CLIENT) as name:
        folder = Path(name)
        (folder / "tsconfig.json").write_text(json.dumps(CONFIG), encoding="utf-8")
        yield folder


def check_types(project: Path) -> None:
    """Strictly, as the client itself."""
    _run("tsc", "--project", str(project))


def bundle(entry: Path) -> str:
    """One script of *entry* and all that it imports, for a browser."""
    target = entry.with_name("bundle.js")
    _run(
        *("esbuild", str(entry), "--bundle", f"--outfile={target}"),
        *("--jsx=automatic", "--log-level=warning", '--define:process.env.NODE_ENV="production"'),
    )
    return target.read_text(encoding="utf-8")


def run_in_node(file: Path) -> str:
    """What the TypeScript *file* prints."""
    target = file.with_suffix(".mjs")
    _run(
        *("esbuild", str(file), "--bundle", f"--outfile={target}"),
        *("--platform=node", "--format=esm", "--log-level=warning"),
    )
    return _check(["node", str(target)])


def _run(program: str, *arguments: str) -> str:
    return _check([str(CLIENT / "node_modules" / ".bin" / program), *arguments])


def _check(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
