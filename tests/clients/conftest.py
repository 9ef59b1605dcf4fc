"""The service that the tests of a file ask."""

import pytest

from nightshelf_client import Client
from tests.clients.node import install_packages
from tests.clients.service import run_service


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One for the file's tests; none of them changes it."""
    with run_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def shelf(service):
    """A client with a key, patient with a busy machine."""
    with Client(service.url, key=service.key, timeout_s=10) as shelf:
        yield shelf


@pytest.fixture(scope="session")
def packages():
    """The packages of the TypeScript client, installed; without Node the test is skipped."""
    install_packages()
