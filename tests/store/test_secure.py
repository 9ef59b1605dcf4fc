"""Encrypted connections, logins from files, and a replica of one server."""

import ssl
import subprocess
from pathlib import Path

import pytest
import redis

from store.connection import (
    StoreSettings,
    StoreUnreachableError,
    connect_publisher,
    connect_reader,
    follow,
)
from tests.store_servers import Cluster, EncryptedDoor, Server, Watched, ended, wait_until

ROOT = Path(__file__).parents[2]
SECRET = "s3cret/:@"  # noqa: S105 — made up, of a server that lives for one test


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority, a server's certificate and a client's, as PEM files."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name in ("server", "client"):
        openssl(
            *new,
            *("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}"),
            *("-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"),
        )
    return folder


@pytest.fixture
def door(certificates, store_server):
    """The store behind TLS that asks for a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    with ended(EncryptedDoor(store_server.port, context)) as door:
        yield door


def test_both_sides_show_a_certificate(certificates, door, client):
    """With authority, certificate and key both clients speak TLS; reader and publisher."""
    client.set("x", "seen")
    settings = StoreSettings(
        url=f"rediss://127.0.0.1:{door.port}/0",
        timeout_ms=2000,
        tls_ca_file=str(certificates / "ca.pem"),
        tls_cert_file=str(certificates / "client.pem"),
        tls_key_file=str(certificates / "client.key"),
    )
    for connect in (connect_reader, connect_publisher):
        with connect(settings) as encrypted:
            assert encrypted.get("x") == b"seen"
    with (
        connect_reader(settings.model_copy(update={"url": f"{settings.url}?ssl_ciphers=ALL"})) as c,
    ):
        assert c.get("x") == b"seen"


@pytest.mark.parametrize("left_out", ["tls_ca_file", "tls_cert_file"])
def test_without_trust_nothing_is_said(certificates, door, left_out):
    """An unknown authority is refused here, a client without certificate there."""
    files = {
        "tls_ca_file": str(certificates / "ca.pem"),
        "tls_cert_file": str(certificates / "client.pem"),
        "tls_key_file": str(certificates / "client.key"),
    }
    del files[left_out]
    if left_out == "tls_cert_file":
        del files["tls_key_file"]
    settings = StoreSettings(url=f"rediss://127.0.0.1:{door.port}/0", timeout_ms=2000, **files)
    with connect_reader(settings) as reader, pytest.raises((redis.RedisError, OSError)):
        reader.get("x")


@pytest.fixture
def password_file(tmp_path):
    """A file with the password on its first line."""
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    return path


def test_an_acl_user_reads_no_more_than_a_reader_must(tmp_path, password_file, publish_to):
    """The rights that the manual names are enough to answer, and no more than to read."""
    with ended(Server(tmp_path / "servers")) as server:
        with server.client() as client:
            rights = ["~ns:demo:*", "resetchannels", "-@all", "+@read", "+ping", "+select", "+info"]
            client.execute_command("ACL SETUSER", "web", "on", f">{SECRET}", *rights)
        publish_to(StoreSettings(url=f"redis://127.0.0.1:{server.port}/0"))
        settings = StoreSettings(
            url=f"redis://127.0.0.1:{server.port}/0",
            username="web",
            password_file=str(password_file),
            timeout_ms=2000,
        )
        with connect_reader(settings) as reader:
            assert reader.get("ns:demo:active").startswith(b"1 ")
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.set("ns:demo:active", "9 x")
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.get("other")


READER = "~ns:demo:* resetchannels -@all +@read +ping +select +info"
PUBLISHER = "~ns:demo:* resetchannels +@all -@admin -@dangerous +info"
ON_A_CLUSTER = "+cluster|slots +readonly +asking +command"


def test_rights_that_the_manual_names_are_enough_on_a_cluster(
    tmp_path, password_file, publish_to, open_shelf, read_all
):
    """Both users, with what a cluster asks for besides; publishing and every read go through."""
    manual = (ROOT / "docs/cookbook/run-with-sentinel-or-cluster.md").read_text(encoding="utf-8")
    assert all(words in manual for words in (READER, PUBLISHER, ON_A_CLUSTER))
    with ended(Cluster(tmp_path / "servers")) as cluster:
        for name, rights in (("web", READER), ("night", PUBLISHER)):
            for node in cluster.primaries:
                words = f"{rights} {ON_A_CLUSTER}".split()
                node.client().execute_command("ACL SETUSER", name, "on", f">{SECRET}", *words)
        login = {"password_file": str(password_file), "timeout_ms": 2000}
        version = publish_to(StoreSettings(url=cluster.url, username="night", **login))
        shelf = open_shelf(StoreSettings(url=cluster.url, username="web", **login))
        shelf.refresh()
        assert read_all(shelf) == version


def test_a_new_password_needs_no_restart(tmp_path, password_file):
    """The file is read at every login; while it is wrong, errors do not show what it holds."""
    with ended(Server(tmp_path / "servers", requirepass=SECRET)) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        settings = StoreSettings(url=url, password_file=str(password_file), timeout_ms=2000)
        with connect_publisher(settings) as client, connect_reader(settings) as reader:
            assert reader.get("x") is None
            client.config_set("requirepass", "another")
            client.execute_command("CLIENT KILL", "TYPE", "normal", "SKIPME", "yes")
            with pytest.raises(redis.RedisError) as caught:
                reader.get("x")
            assert SECRET not in str(caught.value)
            with pytest.raises(StoreUnreachableError) as refused:
                connect_publisher(settings)
            assert SECRET not in str(refused.value)
            password_file.write_text("another")
            assert reader.get("x") is None
        password_file.unlink()
        with pytest.raises(StoreUnreachableError, match="password: cannot be read"):
            connect_publisher(settings)


def test_sentinels_and_clusters_take_the_same_login(tmp_path, password_file, publish_to):
    """One password for every server of the store; the Sentinels here ask for none."""
    for kind in (Watched, Cluster):
        with ended(kind(tmp_path / kind.__name__, requirepass=SECRET)) as several:
            settings = StoreSettings(
                url=several.url, password_file=str(password_file), timeout_ms=2000
            )
            version = publish_to(settings)
            with connect_reader(settings) as reader:
                assert reader.get("ns:demo:active").decode() == f"1 {version}"


def test_one_replica_is_read_while_it_is_in_step(tmp_path):
    """Reads go to the replica; to the primary when it is gone, or has lost its primary."""
    with ended(Server(tmp_path)) as primary:
        place = f"127.0.0.1 {primary.port}"
        with ended(Server(tmp_path, replicaof=place)) as replica:
            settings = StoreSettings(
                url=f"redis://127.0.0.1:{primary.port}/0",
                replica_url=f"redis://127.0.0.1:{replica.port}/0",
                timeout_ms=2000,
            )
            own = replica.client()
            wait_until(lambda: own.info("replication")["master_link_status"] == "up", "in step")
            with connect_reader(settings) as reader:
                assert port_of(reader) == replica.port
                own.execute_command("REPLICAOF", "127.0.0.1", 1)
                follow(reader)
                assert port_of(reader) == primary.port
                own.execute_command("REPLICAOF", "127.0.0.1", primary.port)
                wait_until(lambda: own.info("replication")["master_link_status"] == "up", "again")
                follow(reader)
                assert port_of(reader) == replica.port
                replica.process.kill()
                follow(reader)
                assert port_of(reader) == primary.port
            own.close()


def port_of(client):
    """The port of the server that *client* reads."""
    return client.info("server")["tcp_port"]
