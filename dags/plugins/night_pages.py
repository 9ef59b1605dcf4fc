# mypy: disable-error-code="untyped-decorator,misc"
"""Pages of the newest run inside Airflow's UI: the feature catalogue and the report.

Only who is logged in sees them; they are served as they lie in the run's directory.
Every task of Airflow loads this file, so what only the API server needs is imported by it alone.
"""

import re
from functools import cache
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/nightshelf"
PAGE = re.compile(r"(catalog|report|quality/[a-z_]+)\.html")


async def serve_pages(scope: Any, receive: Any, send: Any) -> None:
    """The app behind `PREFIX`, made when it is first asked for something."""
    await _make_app()(scope, receive, send)


@cache
def _make_app() -> Any:
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.responses import FileResponse

    from pipelines.runs import list_runs, open_run
    from settings import load_settings

    app = FastAPI(title="Nightshelf", openapi_url=None)

    @app.get("/{page:path}", dependencies=[Depends(get_user)])
    def read_page(page: str) -> Any:
        """*page* of the newest run that has it."""
        settings = load_settings()
        if PAGE.fullmatch(page):
            for name in reversed(list_runs(settings)):
                path = open_run(settings, name).path(*page.split("/"))
                if path.exists():
                    headers = {"Content-Security-Policy": "frame-ancestors 'self'"}
                    return FileResponse(path, media_type="text/html", headers=headers)
        raise HTTPException(404, f"no run has a page {page!r} yet; a night writes it")

    return app


def _view(name: str, page: str) -> dict[str, Any]:
    return {
        "name": name,
        "href": f"{PREFIX}/{page}.html",
        "url_route": f"nightshelf-{page}",
        "destination": "nav",
        "category": "browse",
    }


class NightPages(AirflowPlugin):
    """Two entries of the menu, and what they show."""

    name = "nightshelf_pages"
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": serve_pages, "url_prefix": PREFIX, "name": "Nightshelf"}
    ]
    external_views: ClassVar[list[Any]] = [
        _view("Feature catalogue", "catalog"),
        _view("Report of the night", "report"),
    ]
