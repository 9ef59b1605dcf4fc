"""What a refresh cannot do, and a version that goes out of use while it is at work."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipelines.publish import PublishSettings, publish_lists, retire_version
from pipelines.refresh import refresh as module
from pipelines.refresh import write
from pipelines.refresh.errors import RefreshError
from pipelines.refresh.refresh import refresh_active_users
from pipelines.refresh.write import write_overlays
from store.keys import NamespaceKeys
from store.pointer import Pointer, read_active
from store.versions import activate
from tests.pipelines.refresh.shelf import refreshed_of
from tests.shelf_fixtures import make_lists, packed, version_id

OTHER = version_id(1)
MOMENT = datetime(2018, 1, 1, 12)
LISTS = {"home": {"u1": packed([1])}}


@pytest.fixture
def load_other(client, tmp_path):
    """Loads lists that another machine's run made; they do not go live."""

    def call():
        lists = lists_of_shop(tmp_path / "other")
        publish_lists(lists, client, "shop", PublishSettings(), activate=False, allow_older=True)

    return call


def lists_of_shop(folder, **more):
    """Made lists, as if a run of the shop had left them."""
    path = make_lists(folder, **more) / "manifest.json"
    path.write_text(path.read_text().replace('"namespace": "demo"', '"namespace": "shop"'))
    return folder


def during(monkeypatch, call):
    """Does *call* once, while lists are computed."""
    real, calls = module.list_users, [call]
    monkeypatch.setattr(
        module, "list_users", lambda users: (calls.pop()() if calls else None, real(users))[1]
    )


def test_without_a_live_version_there_is_nothing_to_refresh(finished_night, client):
    """The error says what to do first."""
    with pytest.raises(RefreshError, match="no version is live; publish a run first"):
        refresh_active_users(finished_night.settings, as_of=finished_night.as_of)


def test_a_moment_before_the_night_is_refused(run):
    """Lists cannot be made to forget."""
    with pytest.raises(RefreshError, match=r"--as-of 2024-05-05.* is before 2024-05-06"):
        refresh_active_users(run.settings, as_of=run.as_of - timedelta(days=1))


def test_a_run_that_is_not_here_is_named(run, client, load_other):
    """Lists that were made elsewhere can be shown here, but not refreshed."""
    load_other()
    activate(client, "shop", OTHER)
    with pytest.raises(RefreshError, match=rf"{OTHER} was made by a run that is not on this disk"):
        refresh_active_users(run.settings, as_of=run.as_of)


def test_other_lists_under_the_live_runs_name_are_refused(run, client):
    """Item numbers are those of the lists: of others they would be other items."""
    key = NamespaceKeys("shop").active
    pointer = read_active(client, "shop")
    client.set(key, f"{pointer.generation} {run.id}-00000000")
    with pytest.raises(RefreshError, match="item numbers may differ; publish the run"):
        refresh_active_users(run.settings, as_of=run.as_of)


def test_settings_of_the_lists_must_be_those_of_the_night(run):
    """Others would not fit the models; which ones changed is named."""
    tables = {**run.settings.tables, "candidates": {"als": {"factors": 9}}}
    with pytest.raises(RefreshError, match=r"^\[candidates\] changed since run"):
        refresh_active_users(replace(run.settings, tables=tables), as_of=run.as_of)


def test_a_damaged_ranker_is_not_loaded(run, tmp_path):
    """The checksum is looked at before anything is parsed, as everywhere."""
    path = run.path("models", "ranker-home-night.txt")
    kept = shutil.copy(path, tmp_path / "kept")
    path.chmod(0o644)  # a finished run is read-only
    try:
        path.write_text(path.read_text().replace("leaf_value=", "leaf_value=9", 1))
        with pytest.raises(Exception, match="the file was damaged or swapped"):
            refresh_active_users(run.settings, as_of=run.as_of, users=["u001"])
    finally:
        shutil.copy(kept, path)


def test_a_version_that_flips_meanwhile_is_begun_anew(run, client, load_other, monkeypatch):
    """What was computed stays with its version, and the second attempt is for what is live now."""
    load_other()
    version = read_active(client, "shop").version
    during(monkeypatch, lambda: activate(client, "shop", OTHER))
    with pytest.raises(RefreshError, match=rf"{OTHER} was made by a run that is not on this disk"):
        refresh_active_users(run.settings, as_of=run.as_of, users=["u001"])
    assert list(client.scan_iter(f"*{OTHER}:overlay*")) == []
    activate(client, "shop", version)
    assert refreshed_of(client, "home", "u001") is not None


def test_a_flip_there_and_back_is_done_in_one_attempt(run, client, load_other, monkeypatch):
    """The version is what counts: its lists are right whoever looked away in between."""
    load_other()
    version = read_active(client, "shop").version
    during(
        monkeypatch,
        lambda: (activate(client, "shop", OTHER), activate(client, "shop", version)),
    )
    assert refresh_active_users(run.settings, as_of=run.as_of, users=["u001"]).users == 1


def test_nothing_outlives_a_version_that_was_retired_meanwhile(client, load_other, tmp_path):
    """Written before, between and after its record is gone: no key of it is left."""
    load_other()
    lists = lists_of_shop(tmp_path / "live", day=2, tag="2")
    publish_lists(lists, client, "shop", PublishSettings())
    pointer = Pointer(1, OTHER)
    assert write_overlays(client, "shop", pointer, MOMENT, LISTS) is False
    assert list(client.scan_iter(f"*{OTHER}:overlay*")) != []
    retire_version(client, "shop", OTHER, PublishSettings(retire_after_s=0))
    assert list(client.scan_iter(f"*{OTHER}*")) == []
    with pytest.raises(RefreshError, match="no longer kept"):
        write_overlays(client, "shop", pointer, MOMENT, LISTS)
    assert list(client.scan_iter(f"*{OTHER}*")) == []


def test_lists_written_as_the_record_goes_are_taken_back(client, load_other, monkeypatch, tmp_path):
    """Retiring marks the record, then deletes; who writes looks at the record last."""
    load_other()
    real = write._send

    def send(store, commands):
        retire_version(client, "shop", OTHER, PublishSettings(retire_after_s=0))
        real(store, commands)

    lists = lists_of_shop(tmp_path / "live", day=2, tag="2")
    publish_lists(lists, client, "shop", PublishSettings())
    monkeypatch.setattr(write, "_send", send)
    with pytest.raises(RefreshError, match="no longer kept"):
        write_overlays(client, "shop", Pointer(1, OTHER), MOMENT, LISTS)
    assert list(client.scan_iter(f"*{OTHER}*")) == []
