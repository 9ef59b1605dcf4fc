"""This description itself, and the page that shows it."""

from __future__ import annotations

from serving.openapi.parts import HEADERS, TEXT, Json, Rules, answer, problems

TAG = "Description"
ABOUT = "What you are reading, for machines and for people."

SCHEMAS: Json = {}


def paths(rules: Rules) -> Json:
    """Route → operations."""
    document = {"type": "object", "required": ["openapi", "info", "paths"]}
    example: Json = {"openapi": "3.1.0", "info": {"title": "Nightshelf"}, "paths": {}}
    page = {
        "description": "A page that needs no other host.",
        "headers": {"X-Request-ID": HEADERS["X-Request-ID"]},
        "content": {"text/html": {"schema": TEXT, "example": "<!doctype html>…"}},
    }
    return {
        "/openapi.json": {
            "get": {
                "operationId": "getOpenapi",
                "tags": [TAG],
                "summary": "The description of every route",
                "responses": {
                    "200": answer("OpenAPI 3.1.", document, example),
                    **problems("400", "401", "403", "414", "429", "500"),
                },
            },
        },
        "/docs": {
            "get": {
                "operationId": "getDocs",
                "tags": [TAG],
                "summary": "The description as a page",
                "responses": {
                    "200": page,
                    **problems("400", "401", "403", "414", "429", "500"),
                },
            },
        },
    }
