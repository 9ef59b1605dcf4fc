"""A refresh of users without news, as of the night's own moment, is the night again."""

import pytest

from pipelines.files import read_json
from pipelines.refresh.refresh import refresh_active_users
from tests.pipelines.refresh.shelf import night_of, refreshed_of


@pytest.mark.parametrize("users", [["u001"], ["u000", "u017", "u059"]])
def test_nothing_new_gives_the_lists_of_the_night(run, client, users):
    """Both surfaces, byte for byte, whoever else is looked at beside them."""
    done = refresh_active_users(run.settings, as_of=run.as_of, users=users)
    assert (done.users, done.lists) == (len(users), 2 * len(users))
    for surface in ("home", "discover"):
        for user in users:
            anew = refreshed_of(client, surface, user)
            assert anew is not None
            assert anew.packed == night_of(client, surface, user), (surface, user)


def test_tables_that_compare_users_stay_as_the_night_made_them(run, client):
    """What looks at the user alone is fresh; medians, means over all and graphs are not."""
    refresh_active_users(run.settings, as_of=run.as_of, users=["u001"])
    found = read_json(run.settings.path.parent / "var" / "shop" / "refresh" / f"{run.id}.json")
    print(found)
    assert {"user_item_history", "user_history", "user_item_purchases_7d"} <= set(found["fresh"])
    assert {"user_segment", "user_network", "item_popularity_28d"} <= set(found["frozen"])
