"""What can be said of deploy/ and the Makefile without a container engine."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NAMED = {"setup", "demo", "up", "down", "night", "serve", "airflow", "test", "check", "bench"}


@pytest.mark.parametrize("name", ["web", "night"])
def test_what_a_container_file_copies_exists(name):
    """Every path that an image copies out of the repository is there."""
    lines = (DEPLOY / f"{name}.Containerfile").read_text().splitlines()
    copies = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--from)", line)]
    missing = [path for paths in copies for path in paths if not (ROOT / path).exists()]
    assert (len(copies) > 0, missing) == (True, [])


def test_compose_builds_from_files_that_exist():
    """Store, web and night are there, and each build names a container file of ours."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    files = {name: service["build"]["dockerfile"] for name, service in services.items()
             if "build" in service}  # fmt: skip
    expected = {"web": "deploy/web.Containerfile", "night": "deploy/night.Containerfile"}
    assert (sorted(services), files) == (["night", "store", "web"], expected)
    assert all((ROOT / path).exists() for path in files.values())


def test_kubernetes_manifests_are_whole_and_refer_to_each_other():
    """Every document has kind and name; the secret and the claim that pods use are defined."""
    documents = [
        document
        for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
    ]
    assert [(document["kind"], document["metadata"]["name"]) for document in documents] == [
        ("CronJob", "nightshelf-night"),
        ("PersistentVolumeClaim", "nightshelf-var"),
        ("Secret", "nightshelf-store"),
        ("Deployment", "nightshelf-web"),
        ("Service", "nightshelf-web"),
    ]
    text = str(documents)
    assert set(re.findall(r"'secretRef': {'name': '([^']+)'}", text)) == {"nightshelf-store"}
    assert set(re.findall(r"'claimName': '([^']+)'", text)) == {"nightshelf-var"}


def test_the_menu_has_the_promised_targets_with_one_line_each():
    """`make` prints every target that the documentation names."""
    menu = re.findall(r"^([a-z]+):.*## .+$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(set(menu)) == sorted(NAMED | {"clean", "help", "lock"})


def test_ci_and_the_workflow_run_the_same_two_targets():
    """What lands has passed `make check` and `make test`, here and there."""
    script = re.findall(r"make \w+", (ROOT / ".ci" / "run").read_text())
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["ci"]["steps"] if "run" in step]
    assert (script, steps) == (["make check", "make test"], ["make check", "make test"])


@pytest.mark.parametrize("name", ["", "-serving", "-fast", "-dev"])
def test_locks_pin_exactly_and_agree(name):
    """Every requirement is one exact version, the same one in every lock, and names no host."""
    pinned = _pins("requirements.txt")
    for package, version in _pins(f"requirements{name}.txt").items():
        assert pinned.get(package, version) == version, package
    text = (ROOT / f"requirements{name}.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert [line for line in lines if not re.match(r"[\w.\-\[\],]+==\S+( ; .+)?$", line)] == []
    assert "://" not in text


def _pins(file):
    text = (ROOT / file).read_text()
    return dict(re.findall(r"^([\w.\-]+)(?:\[[\w,]+\])?==(\S+)$", text, re.MULTILINE))
