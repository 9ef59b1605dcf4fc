"""`GET /openapi.json` and `GET /docs`: the description of every route, for machines and people."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from serving.manners.cors import page_policy

_TEMPLATES = Path(__file__).with_name("templates")
_SITE = "http://127.0.0.1:8000"

Json = dict[str, Any]


def pages_blueprint(document: Json) -> Blueprint:
    """The routes that show *document*, which does not change while the process runs."""
    blueprint = Blueprint("pages", __name__)
    text = json.dumps(document, ensure_ascii=False).encode()
    page, policy = render_page(document)

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return _respond(text, "application/json")

    @blueprint.get("/docs")
    def docs() -> Response:
        response = _respond(page, "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = policy
        return response

    return blueprint


def _respond(data: bytes, content_type: str) -> Response:
    response = Response(data, content_type=content_type)
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(hashlib.blake2b(data, digest_size=16).hexdigest())
    response.make_conditional(request)
    return response


def render_page(document: Json) -> tuple[bytes, str]:
    """The page that shows *document*, and the policy under which it works."""
    style = (_TEMPLATES / "docs.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "docs.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _mark_code
    groups = [(tag, _operations(document, tag["name"])) for tag in document["tags"]]
    template = environment.get_template("docs.html")
    page = template.render(document=document, groups=groups, style=style, script=script)
    return page.encode(), page_policy([_hash(script)], [_hash(style)])


def _mark_code(text: str) -> Markup:
    """*text* with what stands between backticks as code; all of it escaped."""
    parts = str(escape(text)).split("`")
    marked = (f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
    return Markup("".join(marked))  # noqa: S704 - escaped above


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _operations(document: Json, tag: str) -> list[Json]:
    return [
        _operation(document, path, method, operation, item.get("parameters", []))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and tag in operation["tags"]
    ]


def _operation(document: Json, path: str, method: str, operation: Json, shared: list[Json]) -> Json:
    parameters = [*shared, *operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    bodies = {name: shown["value"] for name, shown in content.get("examples", {}).items()}
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [{**each, "type": describe(each["schema"])} for each in parameters],
        "bodies": {name: _pretty(value) for name, value in bodies.items()},
        "curl": _curl(path, method, parameters, bodies),
        "responses": [
            _response(document, status, each) for status, each in operation["responses"].items()
        ],
    }


def describe(schema: Json) -> str:
    """*schema* of a parameter in a few words."""
    if "enum" in schema:
        words = " or ".join(schema["enum"])
    elif schema["type"] == "array":
        words = f"list of {describe(schema['items'])}"
    elif "minimum" in schema:
        words = f"{schema['type']}, {schema['minimum']} to {schema['maximum']}"
    elif "maxLength" in schema:
        words = f"text of 1 to {schema['maxLength']} characters"
    else:
        words = "text"
    return f"{words}; {schema['default']} by default" if "default" in schema else words


def _response(document: Json, status: str, response: Json) -> Json:
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content: Json = next(iter(response.get("content", {}).values()), {})
    example = content.get("example")
    return {
        "status": status,
        "description": response["description"],
        "example": example if isinstance(example, str | None) else _pretty(example),
    }


def _curl(path: str, method: str, parameters: list[Json], bodies: Json) -> str:
    query = []
    for each in parameters:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", quote(each["example"], safe=""))
        elif each.get("required"):
            query = [(each["name"], ",".join(each["example"]))]
    address = f"{_SITE}/v1{path}{'?' if query else ''}{urlencode(query, safe=',')}"
    words = ["curl", "-s", *(["-X", method.upper()] if method in ("put", "delete") else [])]
    if method == "post":
        body = next(iter(bodies.values()))
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    return shlex.join([*words, address])


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
