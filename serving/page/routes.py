"""`GET /` and what it loads: the same lists with or without JavaScript, with or without a key."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, request

from serving.access.guard import Guard, guard_of
from serving.access.loopback import why_not_local
from serving.lists.rules import load_rules
from serving.page.kept import KeptVersions
from serving.page.render import POLICY, SCRIPT, STYLE, Asset, render
from serving.page.view import View, Viewer
from serving.routes import RIGHTS
from serving.settings import ServingSettings
from serving.shelf.patient import PatientStore
from serving.shelf.shelf import Shelf
from settings import Settings


def page_blueprint(shelf: Shelf, settings: Settings) -> Blueprint:
    """The page, the part of it that holds data, and its two files."""
    blueprint = Blueprint("page", __name__)
    serving = settings.read(ServingSettings)
    rules = load_rules(serving.rules)
    store, kept = PatientStore.of(settings), KeptVersions(settings)
    viewer = Viewer(shelf, store, kept, serving, rules)

    @blueprint.get("/")
    def page() -> Response:
        guard = guard_of(current_app)
        if guard.asks_for_keys:  # nobody is known yet: the script asks again, with a key
            return _respond(render("page.html", needs_key=True, view=None, why_not=None))
        guard.admit("read")
        return _answer("page.html", _view(viewer, guard), guard)

    @blueprint.get("/page/list")
    def fragment() -> Response:
        guard = guard_of(current_app)
        return _answer("view.html", _view(viewer, guard), guard)

    @blueprint.get("/page/page.css")
    def style() -> Response:
        return _keep(STYLE)

    @blueprint.get("/page/page.js")
    def script() -> Response:
        return _keep(SCRIPT)

    return blueprint


def _view(viewer: Viewer, guard: Guard) -> View:
    if user_id := request.args.get("user"):
        guard.limit_user(user_id)
    return viewer.view(request.args)


def _answer(template: str, view: View, guard: Guard) -> Response:
    why_not = _why_not_admin(guard)
    response = _respond(render(template, needs_key=False, view=view, why_not=why_not))
    response.status_code = view.status
    return response


def _why_not_admin(guard: Guard) -> str | None:
    """What keeps whoever asks from activating a version; None where nothing does."""
    if guard.asks_for_keys:
        role = g.identity.role
        return None if "admin" in RIGHTS[role] else f"the key that you use has the role {role}"
    why = why_not_local(request.environ)
    return why and f"without keys this is for the computer that it runs on alone, and {why}"


def _respond(data: bytes) -> Response:
    response = Response(data, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _keep(asset: Asset) -> Response:
    """*asset*; under an address that names it as it is, for as long as anybody likes."""
    response = Response(asset.data, content_type=asset.content_type)
    named = request.args.get("v") == asset.tag
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if named else "no-cache"
    )
    response.set_etag(asset.tag)
    response.make_conditional(request)
    return response
