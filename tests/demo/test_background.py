"""Programs that stay up until they are stopped, and then are gone with all their children."""

import sys
import time

import pytest

from demo.background import Background, is_running, start, stop, tail

PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", CHILD], close_fds=False, start_new_session=True)
print("both are up", flush=True)
time.sleep(600)
"""
CHILD = "import time; time.sleep(600)"


@pytest.fixture
def program(tmp_path):
    """A program that is not running before and after the test."""
    program = Background("sleeper", tmp_path)
    yield program
    stop(program)


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_in_a_group_of_its_own_ends_too(program):
    """A task of the scheduler leaves its group; stopping the scheduler ends it all the same."""
    start(program, [sys.executable, "-c", PARENT.replace("CHILD", repr(CHILD))], {})
    wait_for(lambda: tail(program) == "both are up")
    assert is_running(program)
    assert stop(program)
    assert not is_running(program)


def test_starting_twice_is_starting_once(program):
    """A program that runs keeps its log and its process."""
    start(program, [sys.executable, "-c", "print('one', flush=True); " + CHILD], {})
    wait_for(lambda: tail(program) == "one")
    pid = program.pid_file.read_text()
    start(program, [sys.executable, "-c", "print('two', flush=True); " + CHILD], {})
    assert (program.pid_file.read_text(), tail(program)) == (pid, "one")


def test_stopping_what_does_not_run_does_nothing(program):
    """There is nothing to end before the first start."""
    assert (is_running(program), stop(program), tail(program)) == (False, False, "(no log)")
