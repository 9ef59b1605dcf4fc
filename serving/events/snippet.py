"""`GET /events.js`: the script that a page of any origin loads to send what it shows."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from flask import Blueprint, Response, request

SOURCE = Path(__file__).with_name("snippet.js")
MAX_AGE_S = 3600  # that a browser keeps it
_TEXT = re.compile(r'("[^"]*")')
_NEEDLESS = re.compile(r"\s*([^\w\s$.])\s*")  # blanks around all but words, names and dots


def minify(source: str) -> str:
    """*source* without whole lines of comment and needless blanks.

    Of a script like ours: texts between double quotes, no template, no regular expression, a
    semicolon wherever the end of a line would stand for one.
    """
    lines = (line.strip() for line in source.splitlines())
    code = " ".join(line for line in lines if not line.startswith("//"))
    parts = _TEXT.split(code)
    return "".join(part if n % 2 else _NEEDLESS.sub(r"\1", part) for n, part in enumerate(parts))


def add_snippet(blueprint: Blueprint) -> None:
    """The route of the script, the same for everybody."""
    data = minify(SOURCE.read_text(encoding="utf-8")).encode()
    tag = hashlib.blake2b(data, digest_size=16).hexdigest()

    @blueprint.get("/events.js")
    def script() -> Response:
        response = Response(data, content_type="text/javascript; charset=utf-8")
        response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
        response.set_etag(tag)
        response.make_conditional(request)
        return response
