"""Spans of requests and of their round trips, off unless asked for."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from serving.sight import trips
from serving.sight.traces import trace_with


@pytest.fixture
def spans(site, monkeypatch):
    """Traces the application into memory."""
    monkeypatch.setattr(trips, "open_span", None)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = site.http.application
    app.wsgi_app = app.wsgi_app.flask  # as where traces are switched on
    trace_with(app, provider)
    return exporter.get_finished_spans


def test_a_request_is_a_span_and_its_trips_are_children(site, spans):
    """Named by the route's template, with status, version and tier; the user is nowhere."""
    site.recs("u1?n=5")
    *trip_spans, request = spans()
    assert [(span.name, span.parent.span_id) for span in trip_spans] == [
        (name, request.context.span_id) for name in ("store user", "store catalogue")
    ][: len(trip_spans)]
    assert len(trip_spans) >= 1
    assert (request.name, request.parent) == ("GET /recs/<user_id>", None)
    assert dict(request.attributes) == {
        "http.request.method": "GET",
        "http.route": "/recs/<user_id>",
        "http.response.status_code": 200,
        "nightshelf.version": "20180101T000000-000000000000-00000000",
        "nightshelf.tier": "personal",
    }
    assert "u1" not in "".join(span.to_json() for span in spans())


def test_a_request_goes_on_with_the_callers_trace(site, spans):
    """W3C traceparent in; polls have no span."""
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    site.http.get("/recs/u1", headers={"traceparent": caller})
    site.poller.poll()
    request = spans()[-1]
    assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert {span.name for span in spans()} <= {request.name, "store user", "store catalogue"}


def test_a_failed_trip_says_of_which_kind(site, client, spans):
    """The error's type, and the request is answered all the same."""
    client.set("ns:demo:live:recent:u1", "no list")
    site.recs("u1")
    assert spans()[0].attributes["error.type"] == "ResponseError"
    assert spans()[-1].attributes["http.response.status_code"] == 200


def test_without_the_setting_no_trip_opens_a_span(open_site, monkeypatch):
    """What is not asked for costs nothing."""
    monkeypatch.setattr(trips, "open_span", None)  # another test's application may have set it
    open_site().recs("u1")
    assert trips.open_span is None


class Receiver(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP."""

    def do_POST(self):
        """Keep the spans."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.server.arrived.set()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def receiver():
    """An OTLP receiver on a port of its own."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.received, server.arrived = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_of_gunicorn_reach_an_otlp_receiver(gunicorn, receiver):
    """One setting and OpenTelemetry's own variables are all it takes."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}",
        "OTEL_SERVICE_NAME": "shop-recs",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    server = gunicorn("[traces]\nenabled = true\n", environ=environ)
    server.ask("/recs/u1")
    assert receiver.arrived.wait(20)
    path, batch = receiver.received[0]
    resource = {a.key: a.value.string_value for a in batch.resource_spans[0].resource.attributes}
    names = {span.name for scope in batch.resource_spans[0].scope_spans for span in scope.spans}
    assert (path, resource["service.name"]) == ("/v1/traces", "shop-recs")
    assert "GET /recs/<user_id>" in names
