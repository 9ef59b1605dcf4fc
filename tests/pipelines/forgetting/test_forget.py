"""After forgetting nothing has the id: no file, no key; and nobody else notices."""

from pipelines.files import read_json
from pipelines.forgetting.forget import forget_files, forget_user
from settings.project import var_directory
from tests.pipelines.forgetting.known import NAMESPACE, OTHER, USER, rows_of_others
from tests.pipelines.forgetting.traces import traces_in_store, traces_on_disk

PLACES = ("spool/", "lake/events/", "lake/impressions/", "lake/collected/", "lake/users/",
          "lake/raw/", "quarantine/shop/files/", "quarantine/collected/", "snapshots/",
          "runs/", "models/", "measures/", "logs/", "diff.html")  # fmt: skip


def lists_in_store(client):
    """Every hash by user, without `USER`."""
    found = {}
    for key in client.scan_iter(match=f"ns:{NAMESPACE}:v:*"):
        if client.type(key) == b"hash":
            fields = client.hgetall(key)
            fields.pop(USER.encode(), None)
            found[key] = fields
    return found


def test_no_file_and_no_key_has_the_id_afterwards(shop, client):
    """Before there are traces in every place; afterwards none, and others have what they had."""
    var = var_directory(shop)
    before = traces_on_disk(var, USER)
    assert [p for p in PLACES if not any(path.startswith(p) for path in before)] == []
    assert len(traces_in_store(client, USER)) > 5
    others, lists = rows_of_others(var, {USER}), lists_in_store(client)

    stone, n_removed = forget_user(shop, USER)
    assert n_removed > 5
    kept = [key for key in traces_in_store(client, USER) if not key.endswith(":events")]
    assert kept == []
    done = forget_files(shop)

    assert (done.digests, done.left) == ((stone.digest,), ())
    assert traces_on_disk(var, USER) == []
    assert traces_in_store(client, USER) == []
    assert lists_in_store(client) == lists
    after = rows_of_others(var, {USER})
    index = next(name for name in after if name.endswith("/index/"))
    gone = {name: rows for name, rows in others.items() if after.get(name) != rows}
    numbered = ("/candidates", "/lists/listed", "/index")
    assert {n for n in gone if not any(part in n for part in numbered)} <= {
        name for name in gone if name.startswith(("lake/", "snapshots/"))
    }
    assert OTHER in "".join(map(str, after[index]))
    assert traces_on_disk(var, OTHER) != []
    assert read_json(var / "measures" / "2024-05-05.json") == {
        "rows": [{"user_id": OTHER, "n": 1}],
        "best": {"user_id": "(forgotten)"},
    }
