"""The description of the routes: complete, right about its examples, and about real answers."""

import re

import pytest
from jsonschema import Draft202012Validator

from pipelines.publish import PublishSettings, publish_lists
from store.live import RecentEvent, note_event
from tests.feature_fixtures import add_features
from tests.shelf_fixtures import make_lists, version_id


@pytest.fixture
def site(client, open_site, patient, tmp_path):
    """An application over a version with features, neighbours and explanations."""
    lists = make_lists(tmp_path / "lists", similar=5, explained=3)
    publish_lists(add_features(lists), client, "demo", PublishSettings())
    note_event(client, "demo", "u1", RecentEvent(1514800000.0, "click", "i3"))
    site = open_site(patient)
    site.poller.poll()
    return site


@pytest.fixture
def document(site):
    """The description as it is served."""
    return site.http.get("/openapi.json").get_json()


def validate(document, schema, value):
    """Raises when *value* does not fit *schema*, which may refer to the components."""
    whole = {"components": document["components"], **schema}
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(whole, format_checker=checker).validate(value)


def operations(document):
    """(path, method, operation, parameters) of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                shared = item.get("parameters", [])
                yield path, method, operation, [*shared, *operation.get("parameters", [])]


def test_every_route_is_described_and_no_other(site, document):
    """Each path and method of the app, with and without /v1, is in the description."""
    described = {(path, method.upper()) for path, method, *_ in operations(document)}
    for prefix in ("", "/v1"):
        served = {
            (re.sub(r"<(?:(?:anything|person):)?(\w+)>", "{}", rule.rule[len(prefix) :]), method)
            for rule in site.http.application.url_map.iter_rules()
            for method in rule.methods - {"HEAD", "OPTIONS"}
            if rule.rule.startswith("/v1/") == bool(prefix)
        }
        assert served == {(re.sub(r"{\w+}", "{}", path), method) for path, method in described}


def test_every_operation_says_what_it_takes_and_gives(document):
    """A name of its own, parts of the path as parameters, an example for each parameter."""
    names = [operation["operationId"] for _, _, operation, _ in operations(document)]
    assert len(names) == len(set(names))
    for path, _, operation, parameters in operations(document):
        in_path = {each["name"] for each in parameters if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all("example" in each and each["description"] for each in parameters)
        assert operation["summary"]
        statuses = operation["responses"].keys()
        assert {"400", "500"} <= statuses
        assert any(status.startswith("20") for status in statuses)


def test_the_examples_fit_their_schemas(document):
    """Of parameters, bodies, answers and problems."""
    n_examples = 0
    for _, _, operation, parameters in operations(document):
        for each in parameters:
            validate(document, each["schema"], each["example"])
        contents = [answer.get("content", {}) for answer in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in (media for types in contents for media in types.values()):
            shown = [each["value"] for each in content.get("examples", {}).values()]
            shown += [content["example"]] if "example" in content else []
            assert shown
            for value in shown:
                validate(document, content["schema"], value)
                n_examples += 1
    for name, answer in document["components"]["responses"].items():
        (content,) = answer["content"].values()
        validate(document, content["schema"], content["example"])
        assert content["example"]["status"] == int(name[:3])
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert n_examples > len(list(operations(document)))


CLICK = {"event_type": "click", "user_id": "u1", "item_id": "i1", "event_id": "c1"}
REQUESTS = [
    ("/recs/{user}", "get", "/recs/u1?n=40", 200),
    ("/recs/{user}", "get", "/recs/u0?explain=1&n=7&category=c1&min_score=0.1", 200),
    ("/recs/{user}", "get", "/recs/nobody?fields=title,tier", 200),
    ("/recs/{user}", "get", "/recs/u1?n=0", 422),
    ("/recs/{user}", "get", "/recs/u1?surface=nowhere", 404),
    ("/session/recs", "get", "/session/recs?items=i1,i2", 200),
    ("/session/recs", "get", "/session/recs", 422),
    ("/items/{item}/similar", "get", "/items/i1/similar", 200),
    ("/recs", "post", {"users": ["u1", "nobody"], "n": 2}, 200),
    ("/recs", "post", {"users": []}, 422),
    ("/events", "post", CLICK, 202),
    ("/events", "post", {"events": [CLICK, {**CLICK, "position": 0}]}, 207),
    ("/events", "post", [{}], 400),
    ("/events", "post", [], 422),
    ("/rank", "post", {"user_id": "u1", "items": ["i1", "i2", "nothing"]}, 200),
    ("/rank", "post", {"items": []}, 422),
    ("/users/{user}/profile", "get", "/users/u1/profile", 200),
    ("/users/{user}/profile", "get", "/users/nobody/profile", 200),
    ("/features/{kind}/{id}", "get", "/features/user/u1", 200),
    ("/features/{kind}/{id}", "get", "/features/users/u1", 404),
    ("/features", "post", {"kind": "user", "ids": ["u1", "nobody"]}, 200),
    ("/features", "post", {"kind": "user", "ids": []}, 422),
    ("/users/{user}", "delete", "/users/u7", 202),
    ("/users/{user}/forgetting", "get", "/users/u7/forgetting", 200),
    ("/users/{user}/forgetting", "get", "/users/u8/forgetting", 404),
    ("/versions", "get", "/versions", 200),
    ("/versions/{version}", "get", f"/versions/{version_id(1)}", 200),
    ("/versions/{version}", "get", f"/versions/{version_id(9)}", 404),
    ("/versions/{version}/activate", "post", {"hold": "so"}, 200),
    ("/versions/{version}/activate", "post", {"hold": ""}, 422),
    ("/hidden", "get", "/hidden", 200),
    ("/items/{item}/hidden", "put", "/items/i1/hidden", 200),
    ("/items/{item}/hidden", "delete", "/items/i1/hidden", 200),
    ("/health/live", "get", "/health/live", 200),
    ("/health/ready", "get", "/health/ready", 200),
    ("/openapi.json", "get", "/openapi.json", 200),
]


def test_real_answers_are_as_described(site, document):
    """Each route answers with a status, a type, headers and a body that its description has."""
    for path, method, asked, status in REQUESTS:
        address, body = (asked, None) if isinstance(asked, str) else (path, asked)
        address = address.replace("{version}", version_id(1))
        response = site.http.open(address, method=method.upper(), json=body)
        assert response.status_code == status, (address, response.data)
        described = document["paths"][path][method]["responses"][str(status)]
        if "$ref" in described:
            name = described["$ref"].rpartition("/")[2]
            described = document["components"]["responses"][name]
        validate(document, described["content"][response.mimetype]["schema"], response.get_json())
        assert [name for name in described["headers"] if name not in response.headers] == []
    described = {path for path, *_ in operations(document)}
    for_people = {"/docs", "/", "/page/list", "/page/page.css", "/page/page.js", "/events.js"}
    assert described - {path for path, *_ in REQUESTS} == for_people


def test_a_store_that_is_away_is_described_too(open_site):
    """Before anything was published: 503 as described, and recommendations all the same."""
    site = open_site("redis://127.0.0.1:1/0")
    document = site.http.get("/openapi.json").get_json()
    for path in ("/versions", "/users/u1/profile", "/features/user/u1"):
        response = site.http.get(path)
        assert (response.status_code, response.mimetype) == (503, "application/problem+json")
        assert response.headers["Retry-After"] == "1"
        validate(document, document["components"]["schemas"]["Problem"], response.get_json())
    answer = site.http.get("/recs/u1").get_json()
    validate(document, document["components"]["schemas"]["Answer"], answer)
    ready = site.http.get("/health/ready")
    assert ready.status_code == 503
    validate(document, document["components"]["schemas"]["Ready"], ready.get_json())


def test_the_settings_are_in_it(open_site):
    """Limits that an operator sets stand in the description."""
    site = open_site(default_n=7, max_n=33, default_surface="basket")
    operation = site.http.get("/openapi.json").get_json()["paths"]["/recs/{user}"]["get"]
    schemas = {each["name"]: each["schema"] for each in operation["parameters"]}
    assert (schemas["n"]["default"], schemas["n"]["maximum"]) == (7, 33)
    assert schemas["surface"]["default"] == "basket"
