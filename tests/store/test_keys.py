"""Key names are exactly those of the design, made of checked parts."""

import zlib

import pytest

from store.keys import KeyPartError, NamespaceKeys, bucket_count, bucket_of

VERSION = "20180101T000000-0123456789ab-deadbeef"


def test_names_are_those_of_the_design():
    """Every key name is spelt as the reference page says."""
    space = NamespaceKeys("demo")
    keys = space.version(VERSION)
    assert [
        space.active,
        space.versions,
        space.publisher,
        keys.manifest,
        keys.lists("home", "default", 3),
        keys.overlay("home", "default", 3),
        keys.users(3),
        keys.fallback,
        keys.vectors("als_user", 3),
        keys.catalogue(12),
    ] == [
        "ns:demo:active",
        "ns:demo:versions",
        "ns:demo:publisher",
        f"ns:demo:v:{VERSION}:manifest",
        f"ns:demo:v:{VERSION}:lists:home:default:3",
        f"ns:demo:v:{VERSION}:overlay:home:default:3",
        f"ns:demo:v:{VERSION}:users:3",
        f"ns:demo:v:{VERSION}:fallback",
        f"ns:demo:v:{VERSION}:vectors:als_user:3",
        f"ns:demo:v:{VERSION}:catalogue:12",
    ]


@pytest.mark.parametrize("name", ["", "Demo", "a:b", "1a", "a" * 33, "a\n", "ä"])
def test_names_that_could_reach_elsewhere_are_refused(name):
    """Namespaces, surfaces and variants outside the pattern raise, naming the value."""
    keys = NamespaceKeys("demo").version(VERSION)
    for make in (
        lambda: NamespaceKeys(name),
        lambda: keys.lists(name, "default", 0),
        lambda: keys.overlay("home", name, 0),
        lambda: keys.vectors(f"{name}:", 0),
    ):
        with pytest.raises(KeyPartError, match="expected text matching"):
            make()


@pytest.mark.parametrize("version", ["", "latest", VERSION + "0", VERSION.upper(), VERSION + "\n"])
def test_other_version_ids_are_refused(version):
    """A version id is a run id and 8 hex digits, nothing else."""
    with pytest.raises(KeyPartError, match="version id"):
        NamespaceKeys("demo").version(version)


def test_buckets_are_crc32_of_the_utf8_id():
    """Night and day agree on the bucket of any id, emoji included."""
    for user in ("1", "a b/c", "😀"):
        assert bucket_of(user, 97) == zlib.crc32(user.encode()) % 97
    assert [bucket_count(n) for n in (0, 1, 128, 129)] == [1, 1, 1, 2]
