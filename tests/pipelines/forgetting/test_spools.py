"""Spools of web processes that end while they are looked at."""

import fcntl
import zlib

import pytest

from pipelines.forgetting import spools
from pipelines.forgetting.record import Record
from pipelines.forgetting.spools import rewrite_spools
from pipelines.forgetting.tombstones import Forgotten
from settings import Settings
from store.events import Event, pack_event
from store.tombstones import digest

FORGOTTEN = Forgotten("demo", frozenset({digest("demo", "u1")}))


def line(user_id):
    """An event of *user_id*, as a web process writes it."""
    record = pack_event(Event(f"of-{user_id}", "click", user_id, 1, 2, item_id="i1"))
    return b"%08x %s\n" % (zlib.crc32(record), record)


@pytest.fixture
def record(tmp_path):
    """The log of a pass, of a namespace with an empty spool."""
    made = Record(Settings(tmp_path / "nightshelf.toml", {}, {}))
    (made.var / "spool").mkdir(parents=True)
    return made


def test_what_is_written_while_a_spool_is_read_is_not_lost(record, monkeypatch):
    """A process that writes once more and dies: the file is left to the next pass, whole."""
    path = record.var / "spool" / "1-ab.spool"
    path.write_bytes(line("u1") + line("u2"))
    owner = path.open("ab")
    fcntl.flock(owner, fcntl.LOCK_EX)
    judge = spools._is_theirs

    def die_meanwhile(text, forgotten):
        if not owner.closed:
            owner.write(line("u3"))
            owner.close()
        return judge(text, forgotten)

    monkeypatch.setattr(spools, "_is_theirs", die_meanwhile)
    assert rewrite_spools(record, FORGOTTEN) == [
        "spool/1-ab.spool: a living process is about to replay it"
    ]
    assert path.read_bytes() == line("u1") + line("u2") + line("u3")
    assert rewrite_spools(record, FORGOTTEN) == []
    assert path.read_bytes() == line("u2") + line("u3")


def test_a_draft_of_a_killed_pass_is_removed(record):
    """It holds events, and nobody would ever look for somebody in it."""
    draft = record.var / "spool" / "1-ab.forgetting"
    draft.write_bytes(line("u2"))
    assert rewrite_spools(record, FORGOTTEN) == []
    assert not draft.exists()
