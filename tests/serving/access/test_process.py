"""What access control costs a process that has it off, and what the poller does for it."""

import subprocess
import sys

from serving.access.guard import guard_of
from serving.settings import static_file
from serving.shelf.poller import Poller
from tests.serving.access.conftest import small_app
from tests.serving.running import ROOT

WITHOUT = """
import sys
from serving.app import create_app, open_shelf
from settings import load_settings
settings = load_settings(sys.argv[1], {})
create_app(settings, open_shelf(settings))
print([name for name in ("jwt", "cryptography.hazmat") if name in sys.modules])
"""


def loaded(tmp_path, text):
    """Which libraries of tokens a new process loads with these settings."""
    file = tmp_path / "nightshelf.toml"
    file.write_text(text)
    command = [sys.executable, "-c", WITHOUT, str(file)]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


def test_libraries_of_tokens_are_loaded_for_tokens_alone(tmp_path, keys_path, read_key):
    """Neither without access control nor with keys."""
    (tmp_path / "secret").write_text("x" * 32)
    jwt = (
        '[access.jwt]\nalgorithm = "HS256"\nissuer = "i"\naudience = "a"\nsecret_path = "secret"\n'
    )
    switched_on = "[access]\nenabled = true\n"
    assert [loaded(tmp_path, text) for text in ("", switched_on)] == ["[]", "[]"]
    assert "jwt" in loaded(tmp_path, switched_on + jwt)


def test_a_part_of_the_poll_that_fails_ends_nothing(open_site, caplog):
    """The parts after it are done, and the next poll comes."""
    site = open_site()
    poller, done = Poller(site.shelf, every_s=60, static_path=static_file(site.settings)), []
    poller.each_poll += [lambda: 1 // 0, lambda: done.append(1)]
    poller.poll()
    poller.poll()
    assert (done, caplog.text.count("a part of the poll failed")) == ([1, 1], 2)


def test_the_guard_of_an_app_is_found_again(open_door):
    """`serving.wsgi` hands its `poll` to the poller."""
    door = open_door(enabled=True)
    assert guard_of(door.http.application) is door.guard
    assert small_app(door.settings).extensions == {}
