"""Limits count what the page reads, although it is open."""

import pytest

from serving.app import create_app
from settings import Settings

LIMITS = [({"per_key": "2/h"}, ["u1", "u2", "u3"]), ({"per_user": "2/h"}, ["u1", "u1", "u1"])]


@pytest.mark.parametrize("path", ["/", "/page/list"])
@pytest.mark.parametrize(("limits", "users"), LIMITS)
def test_lists_on_the_page_are_counted_like_others(
    publish, open_site, tmp_path, limits, users, path
):
    """By address and by user: the third in an hour is 429."""
    publish()
    site = open_site()
    site.poller.poll()
    tables = {**site.settings.tables, "access": {"limits": limits}}
    http = create_app(Settings(tmp_path / "nightshelf.toml", tables, {}), site.shelf).test_client()
    found = [http.get(f"{path}?user={user}").status_code for user in users]
    assert found == [200, 200, 429]
    assert http.get("/page/page.css").status_code == 200


def test_without_a_key_the_page_holds_nothing(publish, open_site, tmp_path):
    """Neither users nor versions are in the shell; the part that has them is 401."""
    version = publish().version
    site = open_site()
    site.poller.poll()
    tables = {**site.settings.tables, "access": {"enabled": True}}
    http = create_app(Settings(tmp_path / "nightshelf.toml", tables, {}), site.shelf).test_client()
    shell = http.get("/?user=u1")
    assert shell.status_code == 200
    assert (version in shell.text, "u1" in shell.text) == (False, False)
    assert http.get("/page/list?user=u1").status_code == 401
