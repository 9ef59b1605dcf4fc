"""What can be said of deploy/ and the Makefile without a container engine."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from benchmarks.chaos_runners.stores import Server
from pipelines.__main__ import build_parser
from pipelines.features.settings import FeatureSettings
from pipelines.moments import NightSettings
from pipelines.sources.settings import SourceSettings
from serving.access.settings import AccessSettings, keys_file
from serving.events.stream import LogState, Stream
from settings import ProjectSettings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NIGHT_JOB = "kubernetes/night.yaml"
NAMED = {"setup", "demo", "up", "down", "night", "serve", "airflow", "test", "check", "bench"}


@pytest.mark.parametrize("name", ["web", "night"])
def test_what_a_container_file_copies_exists(name):
    """Every path that an image copies out of the repository is there."""
    lines = (DEPLOY / f"{name}.Containerfile").read_text().splitlines()
    copies = [line.split()[1:-1] for line in lines if re.match(r"COPY (?!--from)", line)]
    missing = [path for paths in copies for path in paths if not (ROOT / path).exists()]
    assert (len(copies) > 0, missing) == (True, [])


def test_compose_builds_from_files_that_exist():
    """All services are there, and each build names a container file of ours."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    files = {name: service["build"]["dockerfile"] for name, service in services.items()
             if "build" in service}  # fmt: skip
    night = "deploy/night.Containerfile"
    expected = {"web": "deploy/web.Containerfile", "collect": night, "night": night}
    assert (sorted(services), files) == (["collect", "events", "night", "store", "web"], expected)
    assert all((ROOT / path).exists() for path in files.values())


def test_kubernetes_manifests_are_whole_and_refer_to_each_other():
    """Every document has kind and name; the secret and the claim that pods use are defined."""
    documents = [
        document
        for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
    ]
    assert [(document["kind"], document["metadata"]["name"]) for document in documents] == [
        ("Deployment", "nightshelf-collect"),
        ("CronJob", "nightshelf-refresh"),
        ("CronJob", "nightshelf-measure"),
        ("CronJob", "nightshelf-forget"),
        ("CronJob", "nightshelf-night"),
        ("PersistentVolumeClaim", "nightshelf-var"),
        ("Secret", "nightshelf-store"),
        ("StatefulSet", "nightshelf-web"),
        ("Service", "nightshelf-web"),
    ]
    text = str(documents)
    web = (DEPLOY / "kubernetes" / "web.yaml").read_text()
    keys = re.findall(r"kubectl create secret generic (\S+) \\$", web, re.MULTILINE)
    secrets = set(re.findall(r"'secretRef': {'name': '([^']+)'}", text))
    assert (len(keys), secrets) == (1, {"nightshelf-store", *keys})
    assert set(re.findall(r"'claimName': '([^']+)'", text)) == {"nightshelf-var"}
    made = re.findall(r"kubectl create configmap (\S+)", (DEPLOY / NIGHT_JOB).read_text())
    assert set(re.findall(r"'configMap': {'name': '([^']+)'}", text)) == set(made)


def test_the_event_log_of_compose_keeps_what_it_acknowledged(tmp_path):
    """A real server with its options passes the look that the web tier has at its log."""
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["events"]
    words = service["command"][1:]
    options = {
        name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)
    }
    server = Server(tmp_path, **options)
    try:
        log = {"NIGHTSHELF__EVENT_LOG__URL": f"redis://127.0.0.1:{server.port}/0"}
        settings = load_settings(DEPLOY / "nightshelf.toml", log)
        assert Stream.of(settings).look() == LogState(backlog=0, is_synced=True)
    finally:
        server.stop()


def test_what_runs_between_nights_are_commands_that_exist():
    """Each of the manifest's is parsed; and all share the disk of the night, on its node."""
    parser, pods = build_parser(), []
    documents = [
        *yaml.safe_load_all((DEPLOY / "kubernetes/day.yaml").read_text()),
        next(yaml.safe_load_all((DEPLOY / NIGHT_JOB).read_text())),
    ]
    for document in documents:
        spec = document["spec"]
        pods.append(spec.get("jobTemplate", {}).get("spec", spec)["template"])
    for pod in pods[:-1]:
        (container,) = pod["spec"]["containers"]
        assert container["command"][:3] == ["python", "-m", "pipelines"]
        assert parser.parse_args(container["command"][3:]).command
    shared = [
        (
            pod["metadata"]["labels"]["nightshelf-disk"],
            pod["spec"]["affinity"],
            pod["spec"]["volumes"],
        )
        for pod in pods
    ]
    assert shared == [shared[0]] * 5


def test_containers_that_others_reach_ask_for_keys():
    """The image binds to every address, its settings ask for keys, and the keys are mounted."""
    assert "NIGHTSHELF__SERVING__BIND=0.0.0.0:8000" in (DEPLOY / "web.Containerfile").read_text()
    settings = load_settings(DEPLOY / "nightshelf.toml", {})
    folder = keys_file(settings).parent
    assert (settings.read(AccessSettings).enabled, str(folder)) == (True, "/keys")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["web"]
    assert f"./keys:{folder}:ro" in compose["volumes"]
    web = (DEPLOY / "kubernetes" / "web.yaml").read_text()
    deployment = next(yaml.safe_load_all(web))["spec"]["template"]["spec"]
    (mount,) = [
        row for row in deployment["containers"][0]["volumeMounts"] if row["mountPath"] == "/keys"
    ]
    (volume,) = [row for row in deployment["volumes"] if row["name"] == mount["name"]]
    assert "subPath" not in mount
    made = re.findall(r"kubectl create secret generic (\S+) --from-file=keys\.json", web)
    assert [volume["secret"]["secretName"]] == made


def scheduled_commands():
    """What compose and the CronJob run each night, by file, `$$` read as those read it."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["night"]
    job, _ = yaml.safe_load_all((DEPLOY / NIGHT_JOB).read_text())
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    commands = {"compose.yaml": compose["command"], NIGHT_JOB: container["command"]}
    return {
        file: [part.replace("$$", "$") for part in command] for file, command in commands.items()
    }


@pytest.mark.parametrize("file", ["compose.yaml", NIGHT_JOB])
def test_a_scheduled_night_has_the_date_of_its_day(file, tmp_path):
    """The command, run by a real shell, hands today's date to the night."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    before = datetime.now(UTC).date().isoformat()
    said = subprocess.run(
        scheduled_commands()[file], env=path, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    after = datetime.now(UTC).date().isoformat()
    assert said[:-1] == ["-m", "pipelines", "night", "--as-of"]
    assert said[-1] in (before, after)


def test_the_settings_of_the_containers_leave_the_date_to_the_schedule():
    """They are whole, name no moment and no demo data, and every path of theirs is absolute."""
    settings = load_settings(DEPLOY / "nightshelf.toml", {})
    source = settings.read(SourceSettings)
    paths = [
        settings.read(ProjectSettings).var,
        settings.read(FeatureSettings).directory,
        source.staging,
        *(table.glob for table in source.tables.values()),
    ]
    assert (settings.read(NightSettings).as_of, source.kind) == (None, "files")
    assert [path for path in paths if not Path(path).is_absolute()] == []


@pytest.mark.parametrize("file", ["compose.yaml", NIGHT_JOB, "kubernetes/web.yaml"])
def test_the_settings_of_the_containers_are_mounted(file):
    """Night and web read the settings file that is mounted, not the demo's in the image."""
    text = (DEPLOY / file).read_text()
    assert re.search(r"NIGHTSHELF_SETTINGS(: |, value: )/config/nightshelf\.toml", text)
    mounts = text.count("./nightshelf.toml:/config/nightshelf.toml:ro")
    assert mounts == 2 or "{name: settings, mountPath: /config}" in text


def test_the_menu_has_the_promised_targets_with_one_line_each():
    """`make` prints every target that the documentation names."""
    menu = re.findall(r"^([a-z]+):.*## .+$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(set(menu)) == sorted(NAMED | {"clean", "clients", "fuzz", "help", "lock"})


def test_ci_and_the_workflow_run_the_same_two_targets():
    """What lands has passed `make check` and `make test`, here and there."""
    script = re.findall(r"make \w+", (ROOT / ".ci" / "run").read_text())
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["ci"]["steps"]]
    made = [step for step in steps if step.startswith("make")]
    assert (script, made) == (["make check", "make test"], ["make check", "make test"])
    assert any("prometheus" in step for step in steps)  # chromium is on GitHub's machines


@pytest.mark.parametrize("name", ["", "-serving", "-fast", "-otel", "-dev"])
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
