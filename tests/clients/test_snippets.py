"""What the pages offer to copy, run as it stands against the running service."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser import open_browser
from tests.clients.node import npm
from tests.clients.service import run_service
from tests.clients.snippets import (
    RENDER,
    SITE,
    bundle,
    check_types,
    open_project,
    run_in_node,
    snippet,
)
from tests.docs.pages import ROOT, Block, blocks, shell_lines
from tests.shelf_fixtures import version_id

API = "docs/cookbook/call-the-api.md"
EVENTS = "docs/cookbook/send-events.md"
PYTHON = "docs/cookbook/python-client.md"
TYPESCRIPT = "docs/cookbook/typescript-client.md"
# Features have other names in the demo: tests/docs asks for those.
CURL = [line for page, line in shell_lines() if page == API and "/features" not in line]
REACT = [(API, "jsx"), (TYPESCRIPT, "tsx")]
README = ROOT / "clients" / "python" / "README.md"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One that asks for no keys, as on the pages."""
    with run_service(tmp_path_factory.mktemp("service"), keys=False) as service:
        yield service


@pytest.fixture(scope="module")
def project(packages):
    """A folder for programs, with the client built."""
    npm("run", "--silent", "build")
    with open_project() as project:
        for page, language in REACT:
            folder = project / language
            folder.mkdir()
            (folder / f"snippet.{language}").write_text(snippet(page, language), encoding="utf-8")
            (folder / "page.jsx").write_text(RENDER, encoding="utf-8")
        (project / "calls.ts").write_text(snippet(TYPESCRIPT, "ts"), encoding="utf-8")
        yield project


@pytest.fixture
def browser(service, tmp_path):
    """A browser with a page of the service's own origin."""
    with open_browser(tmp_path) as browser:
        browser.open(f"{service.url}/health/live")
        yield browser


@pytest.mark.parametrize("line", CURL)
def test_curl(service, line):
    """200 with a body of JSON; the line that shows an error gets that error."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this computer")
    command = shlex.split(line.replace(SITE, service.url))
    assert command[:2] == ["curl", "-s"]
    done = subprocess.run([*command, "-m", "10"], capture_output=True, text=True, check=True)
    body = json.loads(done.stdout)
    assert body.get("status", 200) == (422 if "n=0" in line else 200)
    if "n=5" in line:
        answers = body.get("answers", [body])
        assert [len(answer["items"]) for answer in answers] == [5] * len(answers)


def test_fetch(browser):
    """The function gives a user's list without what is excluded, and throws problems."""
    browser.run(snippet(API, "js") + "void 0")
    found = browser.run('recommendations("u1", {n: 2, exclude: ["i7"]})')
    assert [item["item_id"] for item in found["items"]] == ["i10", "i13"]
    said = browser.run('recommendations("u1", {n: 0}).catch((error) => error.message)')
    assert said.startswith("422: ")


@pytest.mark.parametrize("language", [language for _, language in REACT])
def test_react(project, browser, language):
    """The component shows titles and reasons of the user's list."""
    browser.run(bundle(project / language / "page.jsx") + "; void 0")
    shown = browser.run(
        "new Promise((done) => { const look = () => {"
        "  const lines = [...document.querySelectorAll('li')].map((line) => line.textContent);"
        "  lines.length ? done(lines) : setTimeout(look, 20); }; look(); })"
    )
    title = f"of {version_id(1)}"
    reason = f"Goes with item 1 {title}"
    assert shown == [f"item {k} {title} {reason}" for k in (7, 10, 13)]
    # A browser also asks for an icon, which there is none of.
    assert [said for said in browser.complaints if not said.startswith("error: Failed")] == []


def test_types(project):
    """Calls and component hold against strict types of the client."""
    check_types(project)


def test_typescript(project, service):
    """The calls give what they say."""
    text = snippet(TYPESCRIPT, "ts").replace(f'"{SITE}"', f'"{service.url}", timeoutMs: 10_000')
    (project / "here.ts").write_text(text, encoding="utf-8")
    *items, counts, problem = run_in_node(project / "here.ts").splitlines()
    assert [line.split()[0] for line in items] == ["1", "2", "3", "4", "5"]
    assert counts.split()[0] == "2"
    assert problem == "422 Unprocessable Entity n a whole number from 1 to 100"


@pytest.mark.parametrize("path", [Path(PYTHON), README], ids=["page", "readme"])
def test_python(service, path, capsys):
    """The blocks of a page one after the other, in one interpreter."""
    text = (ROOT / path).read_text(encoding="utf-8")
    names = {}
    for block in read_python(text):
        patient = block.replace("timeout_s=0.3, ", "")
        patient = patient.replace(f'"{SITE}"', f'"{service.url}", timeout_s=10')
        exec(compile(patient, path.name, "exec"), names)  # noqa: S102 - it is our own page
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert {"answer", "answers", "ranked"} <= names.keys() or path == README


def read_python(text):
    """The Python blocks of *text*."""
    return [each.partition("```")[0] for each in text.split("```python\n")[1:]]


def test_there_are_snippets():
    """Of each kind, where a developer looks for them."""
    assert len(CURL) >= 10
    assert isinstance(blocks("js")[0], Block)
    assert {block.page for block in blocks("ts", "tsx")} == {TYPESCRIPT}
    # Beacons are sent by a browser in tests/serving/events/test_browser.py.
    assert {block.page for block in blocks("js", "jsx")} == {API, EVENTS}
