"""Small applications behind the real guard, and keys to them."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from serving.access.guard import Guard, guard
from serving.access.keys import add_key
from serving.admin.audit import note_with
from serving.manners.manners import add_manners
from serving.manners.problems import answer_problems
from settings import Settings

VERSION = "20180101T000000-000000000000-00000000"
ACTIVATE = f"/versions/{VERSION}/activate"


@dataclass
class Door:
    """An application of one route of each class, and its guard."""

    settings: Settings
    guard: Guard
    http: FlaskClient

    def ask(self, token=None, path="/recs/u1", method="GET", **headers):
        """The answer to a request with that bearer token."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return self.http.open(path, method=method, headers=sent, base_url="http://127.0.0.1:8000")


def small_app(settings):
    """A route of each class under the names that the table has."""
    app = Flask("nightshelf", static_folder=None)
    note = note_with(settings)
    recs, admin, health = (Blueprint(name, __name__) for name in ("recs", "admin", "health"))

    @recs.get("/recs/<user_id>", endpoint="recs")
    def of_user(user_id):
        return {"user_id": user_id}

    @admin.post("/versions/<version>/activate")
    def activate_version(version):
        if version == "broken":
            raise ValueError("broken")
        note("activate", {"before": None, "after": version})
        return {"active": version}

    @health.get("/health/live")
    def live():
        return {"status": "live"}

    v1 = Blueprint("v1", __name__, url_prefix="/v1")
    for blueprint in (recs, admin, health):
        app.register_blueprint(blueprint)
        v1.register_blueprint(blueprint)
    app.register_blueprint(v1)
    add_manners(app)
    answer_problems(app)
    return app


@pytest.fixture
def settings_of(tmp_path):
    """Settings with that `[access]`, in a folder of the test's own."""

    def call(store_url="redis://127.0.0.1:1/0", **access):
        tables = {"access": access, "store": {"url": store_url}}
        return Settings(tmp_path / "nightshelf.toml", tables, {})

    return call


@pytest.fixture
def open_door(settings_of):
    """Applications behind a guard with that `[access]`."""

    def call(environ=None, **access):
        settings = settings_of(**access)
        app = small_app(settings)
        made = guard(app, settings, environ or {})
        return Door(settings, made, app.test_client())

    return call


@pytest.fixture
def keys_path(tmp_path) -> Path:
    """Where the keys are by default."""
    return tmp_path / "var" / "demo" / "keys.json"


@pytest.fixture
def read_key(keys_path):
    """A key that may read."""
    return add_key(keys_path, "shop", "read").text


@pytest.fixture
def admin_key(keys_path):
    """A key that may do everything."""
    return add_key(keys_path, "boss", "admin").text
