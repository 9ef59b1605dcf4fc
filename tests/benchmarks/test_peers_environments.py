"""Environments are made once, whole or not at all, and without a network they say so."""

import subprocess

import pytest

from benchmarks.peers_runners.environments import EnvironmentNotMadeError, make_environment


@pytest.fixture
def requirements(tmp_path, monkeypatch):
    """A file that pins nothing; pip is kept from asking an index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    file = tmp_path / "peer.txt"
    file.write_text("# nothing\n", encoding="utf-8")
    return file


def test_an_environment_is_made_once(requirements, tmp_path):
    """The second time it is taken as it is, and other pins make a new one."""
    folder = tmp_path / "environments"
    python = make_environment(requirements, folder)
    (folder / "peer" / "left").touch()
    assert make_environment(requirements, folder, seconds=0) == python
    assert (folder / "peer" / "left").exists()
    prefix = subprocess.check_output([python, "-c", "import sys; print(sys.prefix)"], text=True)
    assert prefix.strip() == str(folder / "peer")
    requirements.write_text("no-such-package-of-nightshelf==1.0\n", encoding="utf-8")
    with pytest.raises(EnvironmentNotMadeError, match=r"could not be made: ERROR: No matching"):
        make_environment(requirements, folder)
    assert not (folder / "peer").exists()


def test_an_environment_that_takes_too_long_is_given_up(requirements, tmp_path):
    """Nothing is left of it, so that the next run starts anew."""
    with pytest.raises(EnvironmentNotMadeError, match=r"was not ready within 0 s; a run on a"):
        make_environment(requirements, tmp_path / "environments", seconds=0.0)
    assert not (tmp_path / "environments" / "peer").exists()
