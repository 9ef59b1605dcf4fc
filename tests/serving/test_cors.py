"""Pages of other origins, HEAD and OPTIONS, and the headers of pages."""

import pytest

from serving.app import create_app
from settings import Settings, SettingsError

SHOP = "https://shop.example"


@pytest.fixture
def http(site, tmp_path):
    """A client of an application that lets one origin read."""
    tables = {**site.settings.tables, "cors": {"origins": [SHOP, "http://localhost:3000"]}}
    settings = Settings(tmp_path / "nightshelf.toml", tables, {})
    return create_app(settings, site.shelf).test_client()


def allowed(response):
    """Headers of *response* that speak to browsers of other origins."""
    return {name: value for name, value in response.headers if name.startswith("Access-Control")}


def test_a_known_origin_may_read(http):
    """Its own name, what it may read, no credentials; of problems too."""
    for path, status in (("/recs/u1", 200), ("/recs/u1?n=0", 422), ("/nowhere", 404)):
        response = http.get(path, headers={"Origin": SHOP})
        assert response.status_code == status
        found = allowed(response)
        exposed = set(found.pop("Access-Control-Expose-Headers").split(", "))
        assert found == {"Access-Control-Allow-Origin": SHOP}
        assert exposed >= {"ETag", "X-Request-ID", "X-Recs-Version", "X-Recs-Tier", "Server-Timing"}
        assert "Origin" in response.vary


@pytest.mark.parametrize(
    "origin", ["https://shop.example.evil", "https://SHOP.example", f"{SHOP}/", "null", "*", ""]
)
def test_another_origin_may_not(http, origin):
    """Nothing is sent back of it; caches tell origins apart all the same."""
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        response = http.open("/recs/u1", method=method, headers=headers)
        assert (response.status_code, allowed(response)) == (200, {})
        assert "Origin" in response.vary


def test_a_preflight_is_answered(http):
    """With the methods of the route, the headers that are read, and for how long that holds."""
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    response = http.options("/features", headers=asked)
    found = allowed(response)
    assert set(found["Access-Control-Allow-Methods"].split(", ")) == {"POST", "OPTIONS"}
    assert "Content-Type" in found["Access-Control-Allow-Headers"].split(", ")
    assert found["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Credentials" not in found
    assert "Access-Control-Allow-Methods" not in allowed(http.options("/nowhere", headers=asked))


def test_without_origins_nothing_is_said(site):
    """The default: pages of the same origin need no permission."""
    response = site.http.get("/recs/u1", headers={"Origin": SHOP})
    assert (allowed(response), "Origin" in response.vary) == ({}, False)


@pytest.mark.parametrize("origin", ["*", "shop.example", f"{SHOP}/", "https://*.example", "null"])
def test_an_impossible_origin_is_refused_at_start(site, tmp_path, origin):
    """With what an origin looks like."""
    tables = {**site.settings.tables, "cors": {"origins": [origin]}}
    with pytest.raises(SettingsError, match="scheme, host and maybe port"):
        create_app(Settings(tmp_path / "nightshelf.toml", tables, {}), site.shelf)


PATHS = ["/recs/u1", "/v1/recs/u1", "/session/recs?items=i1", "/items/i1/similar", "/versions"]
PATHS += ["/users/u1/profile", "/hidden", "/health/live", "/health/ready", "/openapi.json", "/docs"]
PATHS += ["/page/page.css", "/page/page.js"]  # "/" has other examples every time


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_a_body(site, path):
    """The same status and headers, but for what differs from one answer to the next."""
    changing = {"X-Request-ID", "Server-Timing", "Date"}
    answers = [site.http.open(path, method=method) for method in ("GET", "HEAD")]
    get, head = ({k: v for k, v in each.headers if k not in changing} for each in answers)
    assert (answers[1].status_code, answers[1].data, head) == (answers[0].status_code, b"", get)


def test_every_route_answers_options(site):
    """200 with `Allow`, which has what the route takes, and OPTIONS."""
    for rule in site.http.application.url_map.iter_rules():
        path = rule.rule.replace("<kind>", "user").replace("<version>", "x")
        for name in ("user_id", "item_id", "entity_id"):
            path = path.replace(f"<anything:{name}>", "x").replace(f"<person:{name}>", "x")
        response = site.http.options(path)
        allow = set(response.headers["Allow"].split(", "))
        assert (response.status_code, allow >= rule.methods) == (200, True), path


def test_pages_are_guarded_and_nothing_is_sniffed(site):
    """Browsers take answers for what they say they are; pages load nothing from elsewhere."""
    assert site.http.get("/recs/u1").headers["X-Content-Type-Options"] == "nosniff"
    headers = site.http.get("/docs").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]
    assert (headers["Referrer-Policy"], headers["X-Frame-Options"]) == ("no-referrer", "DENY")
