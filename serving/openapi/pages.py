"""This description itself, and the page that shows it."""

from __future__ import annotations

from serving.lists.parameters import MAX_USER_ID
from serving.openapi.parts import HEADERS, TEXT, VERSION, Json, Rules, answer, in_query, problems

TAG = "Description"
ABOUT = "What you are reading, for machines and for people."

SCHEMAS: Json = {}


_ALWAYS = ("400", "401", "403", "414", "429", "500")


def paths(rules: Rules) -> Json:
    """Route → operations."""
    document = {"type": "object", "required": ["openapi", "info", "paths"]}
    example: Json = {"openapi": "3.1.0", "info": {"title": "Nightshelf"}, "paths": {}}
    return {
        "/openapi.json": _get(
            "getOpenapi",
            "The description of every route",
            answer("OpenAPI 3.1.", document, example),
        ),
        "/docs": _get("getDocs", "The description as a page", _text("A page", "text/html")),
        "/": _get(
            "getPage",
            "The page that shows lists to people",
            _text(
                "With the parameters of `/page/list`; without data while keys are asked for",
                "text/html",
            ),
        ),
        "/events.js": _get(
            "getEventsScript",
            "Sends what a page's visitors see and click",
            _text("A script for pages of any origin", "text/javascript"),
        ),
        "/page/list": {"get": _list(rules)},
        "/page/page.css": _get("getPageStyle", "Its style", _text("A style sheet", "text/css")),
        "/page/page.js": _get("getPageScript", "Its script", _text("A script", "text/javascript")),
    }


def _get(operation: str, summary: str, ok: Json) -> Json:
    responses = {"200": ok, **problems(*_ALWAYS)}
    about = {"operationId": operation, "tags": [TAG], "summary": summary, "responses": responses}
    return {"get": about}


def _text(description: str, content_type: str) -> Json:
    return {
        "description": f"{description}. Nothing of another host is needed.",
        "headers": {"X-Request-ID": HEADERS["X-Request-ID"]},
        "content": {content_type: {"schema": TEXT, "example": "…"}},
    }


def _list(rules: Rules) -> Json:
    serving = rules.serving
    user = {"type": "string", "maxLength": MAX_USER_ID, "pattern": r"^[^\x00]*$"}
    n = {"type": "integer", "minimum": 1, "maximum": serving.max_n, "default": serving.default_n}
    flag = {"type": "string", "enum": ["0", "1"], "default": "0"}
    compare = "A second list beside it: another surface, or the id of another version."
    wrong = "The page says what is wrong"
    return {
        "operationId": "getPageList",
        "tags": [TAG],
        "summary": "Lists, history and versions as a part of the page",
        "description": "What `/` shows, as HTML. A parameter without a value counts as left out.",
        "parameters": [
            in_query("user", "Whose list; without one there is none.", user, "1"),
            in_query("surface", "Where it is shown.", TEXT, serving.default_surface),
            in_query("version", "A version that is kept; the live one by default.", TEXT, VERSION),
            in_query("compare", compare, TEXT, VERSION),
            in_query("n", "Items of a list.", n, serving.default_n),
            in_query("explain", "1: say what speaks for the first items.", flag, "1"),
        ],
        "responses": {
            "200": _text("A part of a page", "text/html"),
            "404": _text(f"No such surface or version. {wrong}", "text/html"),
            "422": _text(f"A parameter cannot be read. {wrong}", "text/html"),
            "503": _text(f"A version is not at hand. {wrong}", "text/html"),
            **problems(*_ALWAYS),
        },
    }
