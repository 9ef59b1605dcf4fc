"""Keys: made, kept as hashes, revoked, and read again when the file changes."""

import hashlib
import hmac
import json
import threading

import pytest

from serving.__main__ import main
from serving.access import keys as keys_module
from serving.access.identity import CredentialsError, Identity
from serving.access.keys import KeyFileError, add_key, read_keys, revoke_key, verify_key


def test_a_key_is_kept_as_a_hash_of_a_long_secret(keys_path):
    """Id, name, role, SHA-256; the secret has 43 characters of base64, 256 bits."""
    made = add_key(keys_path, "shop", "read")
    prefix, key_id, secret = made.text.split("_", 2)
    (row,) = json.loads(keys_path.read_text())["keys"]
    assert (prefix, len(secret), row["id"]) == ("ns", 43, key_id)
    assert row == {
        "id": key_id,
        "name": "shop",
        "role": "read",
        "sha256": hashlib.sha256(secret.encode()).hexdigest(),
        "created_at": made.record.created_at,
    }
    assert secret not in keys_path.read_text()


def test_several_keys_count_at_once(keys_path):
    """Each is its own caller."""
    made = [add_key(keys_path, name, role) for name, role in (("a", "read"), ("b", "admin"))]
    known = read_keys(keys_path)
    assert [verify_key(key.text, known) for key in made] == [
        Identity(f"key:{made[0].record.id}", "a", "read"),
        Identity(f"key:{made[1].record.id}", "b", "admin"),
    ]


def test_a_key_with_any_other_secret_or_id_is_nobodys(keys_path):
    """One changed character of id or secret, a character more, the hash instead of the secret."""
    made, other = add_key(keys_path, "a", "admin"), add_key(keys_path, "b", "admin")
    known, text = read_keys(keys_path), made.text
    _, key_id, secret = text.split("_", 2)
    last = "A" if text[-1] != "A" else "B"
    for wrong in (
        text[:-1] + last,
        text + "A",
        text[:-1],
        f"ns_{other.record.id}_{secret}",
        f"ns_000000000000_{secret}",
        f"ns_{key_id}_{made.record.sha256[:43]}",
        f"ns_{key_id}_",
        "ns_",
    ):
        with pytest.raises(CredentialsError):
            verify_key(wrong, known)
    assert verify_key(text, known).name == "a"


def test_secrets_are_compared_in_constant_time(keys_path, monkeypatch):
    """`hmac.compare_digest` decides for known and unknown ids alike, on hashes of one length."""
    made, compared, real = add_key(keys_path, "a", "read"), [], hmac.compare_digest

    def compare(one, other):
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(keys_module.hmac, "compare_digest", compare)
    known = read_keys(keys_path)
    verify_key(made.text, known)
    with pytest.raises(CredentialsError):
        verify_key(f"ns_{'0' * 12}_{made.text.split('_', 2)[2]}", known)
    assert compared == [(64, 64), (64, 64)]


def test_keys_rotate_without_a_restart(open_door, keys_path, read_key):
    """A new key counts and a revoked one does not, once the poller looked."""
    door = open_door(enabled=True)
    second = add_key(keys_path, "other", "read").text
    assert [door.ask(key).status_code for key in (read_key, second)] == [200, 401]
    door.guard.poll()
    assert [door.ask(key).status_code for key in (read_key, second)] == [200, 200]
    revoke_key(keys_path, "shop")
    door.guard.poll()
    assert [door.ask(key).status_code for key in (read_key, second)] == [401, 200]


@pytest.mark.parametrize("damage", ["", "{", '{"format": 1, "keys": [{}]}', "[]"])
def test_a_damaged_or_missing_file_changes_nothing(open_door, keys_path, read_key, damage, caplog):
    """Keys that were read go on counting, no other is let in, and the log says why."""
    door = open_door(enabled=True)
    if damage:
        keys_path.write_text(damage)
    else:
        keys_path.unlink()
    door.guard.poll()
    door.guard.poll()
    assert [door.ask(read_key).status_code, door.ask().status_code] == [200, 401]
    assert caplog.text.count("going on with what was read before") == 1


def test_a_process_that_starts_on_a_damaged_file_lets_nobody_in(open_door, keys_path, read_key):
    """It starts closed, and opens when the file is mended."""
    good = keys_path.read_text()
    keys_path.write_text("{")
    door = open_door(enabled=True)
    assert door.ask(read_key).status_code == 401
    keys_path.write_text(good)
    door.guard.poll()
    assert door.ask(read_key).status_code == 200


def test_a_file_behind_a_link_is_read_again_when_the_link_moves(open_door, tmp_path):
    """As container platforms replace a mounted file of secrets."""
    first = add_key(tmp_path / "one" / "keys.json", "a", "read").text
    second = add_key(tmp_path / "two" / "keys.json", "b", "read").text
    link = tmp_path / "data"
    link.symlink_to(tmp_path / "one")
    door = open_door(enabled=True, keys_path=str(link / "keys.json"))
    link.unlink()
    link.symlink_to(tmp_path / "two")
    door.guard.poll()
    assert [door.ask(key).status_code for key in (first, second)] == [401, 200]


def test_keys_made_at_the_same_time_are_all_kept(keys_path):
    """Each change waits for the one before."""
    threads = [
        threading.Thread(target=add_key, args=(keys_path, f"k{n}", "read")) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_keys(keys_path)) == 12


def test_a_change_keeps_the_rights_of_the_file(keys_path, read_key):
    """Who could read it still can, and nobody else."""
    keys_path.chmod(0o640)
    add_key(keys_path, "other", "read")
    assert keys_path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["", "shop", "a\nb", " a", "x" * 65, "<b>"])
def test_a_name_is_taken_once_and_fits_on_a_line(keys_path, read_key, name):
    """Names stand in lists and in the audit log."""
    with pytest.raises(KeyFileError, match="name"):
        add_key(keys_path, name, "read")


def test_the_command_makes_lists_and_revokes(tmp_path, capsys):
    """The key is printed once, to the standard output alone; the file has its hash."""
    file = tmp_path / "nightshelf.toml"
    file.write_text("[access]\nenabled = true\n")
    run = ["--settings", str(file), "keys"]
    assert main([*run, "new", "--name", "shop", "--role", "read"]) == 0
    text = capsys.readouterr().out.strip()
    known = read_keys(tmp_path / "var" / "demo" / "keys.json")
    assert verify_key(text, known).name == "shop"
    assert main([*run, "list"]) == 0
    assert capsys.readouterr().out.split()[:2] == [next(iter(known)), "read"]
    assert main([*run, "revoke", "shop"]) == 0
    assert main([*run, "revoke", "shop"]) == 1
    assert "no key 'shop'" in capsys.readouterr().err
    rows = [json.loads(x) for x in (tmp_path / "var/demo/audit.jsonl").read_text().splitlines()]
    assert [(row["action"], row["details"]["name"]) for row in rows] == [
        ("key made", "shop"),
        ("key revoked", "shop"),
    ]
