"""The spool: on disk when it says so, read by whoever is left, and once."""

import errno
import os
import threading

import pytest

from serving.events.spool import Spool, SpoolError
from serving.events.spool_file import SpoolFile, orphans

MOST = 1_000_000


@pytest.fixture
def open_spool(tmp_path):
    """Opens spools on one folder; closes them."""
    opened = []

    def call(most=MOST):
        opened.append(Spool(tmp_path / "spool", most))
        return opened[-1]

    yield call
    for spool in opened:
        spool.close()


def taken(spool):
    """What a replay hands over."""
    found = []
    spool.replay(found.extend)
    return found


def test_what_was_written_is_handed_over_once(open_spool):
    """In its order; afterwards there is no file, and the next event makes a new one."""
    spool = open_spool()
    spool.append([b"a", b"b"])
    spool.append([b"c"])
    assert (taken(spool), taken(spool), list(spool.folder.iterdir())) == (
        [b"a", b"b", b"c"],
        [],
        [],
    )
    spool.append([b"d"])
    assert taken(spool) == [b"d"]


def test_threads_share_their_writes(open_spool):
    """Each of many at once finds its records on disk when `append` returns."""
    spool = open_spool()

    def write(n):
        spool.append([b"%d" % n])
        on_disk = b"".join(path.read_bytes() for path in spool.folder.glob("*.spool"))
        assert b" %d\n" % n in on_disk
        done.append(n)

    done = []
    threads = [threading.Thread(target=write, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(40))
    assert sorted(taken(spool)) == sorted(b"%d" % n for n in range(40))


def test_the_files_of_the_living_are_left_alone(open_spool):
    """Another process' file is taken when its lock is gone, whatever its owner was."""
    one, other = open_spool(), open_spool()
    one.append([b"a"])
    assert taken(other) == []
    one.close()
    assert taken(other) == [b"a"]


def test_a_line_that_a_crash_tore_off_is_skipped(open_spool):
    """Of every length that a crash may leave; what stands before it is handed over."""
    spool = open_spool()
    spool.append([b"first", b"second"])
    (path,) = spool.folder.glob("*.spool")
    whole = path.read_bytes()
    spool.close()
    line = len(whole) // 2 - 1
    for length in (1, line, len(whole) - line + 3):
        path.write_bytes(whole[:-length])
        assert taken(open_spool()) == ([] if length > line + 2 else [b"first"])
        assert not path.exists()


def test_a_damaged_line_in_the_middle_keeps_the_file_for_people(open_spool):
    """The rest is handed over; nothing is thrown away that may have been acknowledged."""
    spool = open_spool()
    spool.append([b"first", b"second", b"third"])
    (path,) = spool.folder.glob("*.spool")
    spool.close()
    path.write_bytes(path.read_bytes().replace(b"second", b"sEcond"))
    assert taken(open_spool()) == [b"first", b"third"]
    assert path.with_suffix(".damaged").exists()
    assert taken(open_spool()) == []


def test_a_file_stays_until_all_of_it_is_taken(open_spool):
    """The log that fails in the middle gets all of it again."""
    spool = open_spool()
    spool.append([b"%d" % n for n in range(450)])
    got = []

    def fail_after_one(records):
        if got:
            raise ConnectionError
        got.extend(records)

    with pytest.raises(ConnectionError):
        spool.replay(fail_after_one)
    spool.append([b"later"])
    assert len(got) == 200
    assert taken(spool) == [b"%d" % n for n in range(450)] + [b"later"]


def test_a_full_spool_takes_no_more(open_spool):
    """The limit of the settings, until it is replayed."""
    spool = open_spool(100)
    spool.append([b"x" * 60])
    with pytest.raises(SpoolError, match="max_spool = 100 bytes are full"):
        spool.append([b"x" * 60])
    assert taken(spool) == [b"x" * 60]
    spool.append([b"x" * 60])


def test_a_full_disk_loses_nothing_that_was_acknowledged(open_spool):
    """A write that the disk has no room for is refused, and leaves no half line behind."""
    spool = open_spool()
    spool.append([b"kept"])
    (path,) = spool.folder.glob("*.spool")
    limits = os.sysconf("SC_PAGE_SIZE")
    with full_disk(path.stat().st_size + limits), pytest.raises(SpoolError, match="File too large"):
        spool.append([b"x" * 10 * limits])
    spool.append([b"after"])
    assert taken(spool) == [b"kept", b"after"]


class full_disk:  # noqa: N801 - reads as the state that it makes
    """No file of this process may have more than *size* bytes: EFBIG in the place of ENOSPC."""

    def __init__(self, size):
        self.size = size

    def __enter__(self):
        import resource
        import signal

        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *error):
        import resource
        import signal

        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
        signal.signal(signal.SIGXFSZ, self.handler)


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    """Whoever asked is told, and no file is left open."""
    (tmp_path / "spool").write_text("in the way")
    with pytest.raises(SpoolError, match=os.strerror(errno.EEXIST)):
        Spool(tmp_path / "spool", MOST).append([b"a"])


def test_drafts_of_the_dead_are_removed(tmp_path):
    """A process that died between making a file and naming it left nothing in it."""
    draft = tmp_path / "1-x.new"
    draft.write_bytes(b"")
    mine = SpoolFile.create(tmp_path)
    assert list(orphans(tmp_path, [mine.path])) == []
    assert list(tmp_path.iterdir()) == [mine.path]
    mine.delete()
