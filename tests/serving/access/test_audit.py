"""What administrators did: a line each, on disk before it is done, whoever they are."""

import json
import stat
import threading

import pytest

from store.audit import AuditError, AuditLog, audit_held
from tests.serving.access.conftest import ACTIVATE, VERSION
from tests.serving.problems import refusal


@pytest.fixture
def rows(tmp_path):
    """The lines that were written."""
    path = tmp_path / "var" / "demo" / "audit.jsonl"

    def read():
        return [json.loads(line) for line in path.read_text().splitlines()]

    return read


def test_an_action_is_noted_before_and_after(open_door, admin_key, rows):
    """Who, whence, what, what was there before and after, with the id of the request."""
    door = open_door(enabled=True)
    door.ask(admin_key, ACTIVATE, "POST", X_Request_ID="r1")
    begun, done = rows()
    key_id = admin_key.split("_")[1]
    actor = {
        "subject": f"key:{key_id}",
        "name": "boss",
        "role": "admin",
        "address": "127.0.0.1",
        "request_id": "r1",
    }
    assert {key: begun[key] for key in begun if key != "at"} == {
        "actor": actor,
        "action": f"POST {ACTIVATE}",
        "outcome": "begun",
        "details": {},
    }
    assert {key: done[key] for key in done if key != "at"} == {
        "actor": actor,
        "action": "activate",
        "outcome": "done",
        "details": {"before": None, "after": VERSION},
    }
    assert begun["at"] <= done["at"]
    assert begun["at"].endswith("Z")


def test_an_action_that_fails_is_noted_as_such(open_door, admin_key, rows):
    """A route that breaks says nothing itself."""
    door = open_door(enabled=True)
    assert door.ask(admin_key, "/versions/broken/activate", "POST").status_code == 500
    assert [row["outcome"] for row in rows()] == ["begun", "answered 500"]


def test_without_access_control_it_is_somebody_at_this_computer(open_door, rows):
    """There is no name to note."""
    open_door().ask(path=ACTIVATE, method="POST")
    assert {row["actor"]["subject"] for row in rows()} == {"local"}


def test_the_refused_and_the_curious_write_nothing(open_door, admin_key, read_key, tmp_path):
    """Nobody without the role can fill the disk."""
    door = open_door(enabled=True)
    for key in (None, read_key, "ns_x"):
        door.ask(key, ACTIVATE, "POST")
    door.ask(read_key)
    door.ask(admin_key)
    assert not (tmp_path / "var" / "demo" / "audit.jsonl").exists()


def test_what_cannot_be_noted_is_not_done(open_door, admin_key, tmp_path):
    """503, before the route is entered."""
    (tmp_path / "var" / "demo" / "audit.jsonl").mkdir()
    status, body = refusal(open_door(enabled=True).ask(admin_key, ACTIVATE, "POST"))
    assert (status, body["detail"]) == (503, "The audit log cannot be written; nothing was done.")


def test_lines_of_many_at_once_are_whole(tmp_path):
    """Threads with logs of their own, as processes have; a line break in a value is no line."""
    path = tmp_path / "audit.jsonl"

    def write(n):
        for m in range(20):
            AuditLog(path).note({"subject": str(n)}, "a\nb", {"m": m, "long": "é" * 5000})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((row["actor"]["subject"], row["details"]["m"]) for row in found) == sorted(
        (str(n), m) for n in range(4) for m in range(20)
    )


def test_a_line_noted_while_the_log_is_replaced_is_in_the_new_one(tmp_path):
    """Forgetting writes the file anew: who waited for it does not write to the old one."""
    path, beside = tmp_path / "audit.jsonl", tmp_path / "new"
    AuditLog(path).note({}, "first", {})
    thread = threading.Thread(target=AuditLog(path).note, args=({}, "second", {}))
    with audit_held(path):
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        beside.write_bytes(path.read_bytes())
        beside.replace(path)
    thread.join(10)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["action"] for row in rows] == ["first", "second"]


def test_a_torn_line_does_not_spoil_the_next(tmp_path):
    """After a crash in the middle of a write."""
    path = tmp_path / "audit.jsonl"
    path.write_text('{"at": "2018')
    AuditLog(path).note({}, "activate", {})
    assert json.loads(path.read_text().splitlines()[1])["action"] == "activate"


def test_a_line_is_synced_and_the_file_is_its_owners(tmp_path, monkeypatch):
    """The disk has it when the call returns; who may read it is the owner's to widen."""
    synced, path = [], tmp_path / "audit.jsonl"
    monkeypatch.setattr("store.audit.os.fsync", lambda fd: synced.append(path.stat().st_size))
    AuditLog(path).note({}, "activate", {})
    assert synced == [path.stat().st_size]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_says_what_to_do(tmp_path):
    """The path, the reason, the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="activate cannot be noted: File exists; make room"):
        AuditLog(tmp_path / "file" / "audit.jsonl").note({}, "activate", {})
