"""Prints what Airflow's UI gets of our plugin, as JSON; run apart, as Airflow takes a process over.

Arguments: the file to write, then addresses to ask for, each with and without a login.
"""

import json
import sys
from pathlib import Path

from airflow import plugins_manager

HEAVY = ("fastapi", "pipelines", "settings")


def main(target, *addresses):
    _, errors = plugins_manager._get_plugins()
    heavy = sorted(set(HEAVY) & set(sys.modules))
    strangers, known = ask(addresses)
    views, _ = plugins_manager._get_ui_plugins()
    described = {
        "errors": errors,
        "heavy": heavy,
        "views": [[view["name"], view["href"], view["destination"]] for view in views],
        "strangers": strangers,
        "pages": known,
    }
    Path(target).write_text(json.dumps(described))


def ask(addresses):
    """Status by address for a stranger; status, type and text for who is logged in."""
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    (plugin,), _ = plugins_manager.get_fastapi_plugins()
    for view in plugins_manager._get_ui_plugins()[0]:
        ExternalViewResponse(**view)
    outer = FastAPI()
    outer.mount(plugin["url_prefix"], plugin["app"])
    token = create_auth_manager().generate_jwt(
        SimpleAuthManagerUser(username="admin", role="admin")
    )
    login = {"Authorization": f"Bearer {token}"}
    with TestClient(outer) as client:
        strangers = {address: client.get(address).status_code for address in addresses}
        found = {address: client.get(address, headers=login) for address in addresses}
    return strangers, {
        address: [answer.status_code, answer.headers["content-type"], answer.text]
        for address, answer in found.items()
    }


main(*sys.argv[1:])
