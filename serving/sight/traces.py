"""Requests and their round trips as OpenTelemetry spans, where `[traces] enabled` is set.

Where they go, how many are kept and under which name is said by OpenTelemetry's own variables
(OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, …).
No span names a user: a request is its route's template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from serving.sight import trips
from serving.sight.routes import method_of, route_of
from serving.sight.settings import TracesSettings
from settings import Settings
from settings.errors import NightshelfError

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


class TracesError(NightshelfError):
    """Traces are asked for, and what makes them is not installed."""


def trace(app: Flask, settings: Settings) -> None:
    """Trace what *app* answers if the settings say so; costs nothing if not.

    Raises `TracesError` when OpenTelemetry is not installed.
    """
    if not settings.read(TracesSettings).enabled:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracesError(
            f"[traces] enabled = true: {error.name} is not installed; "
            "pip install -r requirements-otel.txt, or set it to false"
        ) from None
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over the name given here.
    named = Resource.create()
    if str(named.attributes["service.name"]).startswith("unknown_service"):
        named = named.merge(Resource({"service.name": "nightshelf-web"}))
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace_with(app, provider)


def trace_with(app: Flask, provider: TracerProvider) -> None:
    """Trace what *app* answers with *provider*, as children of the caller's span if it sent one."""
    from opentelemetry import context, propagate
    from opentelemetry.trace import (
        SpanKind,
        Status,
        StatusCode,
        get_current_span,
        set_span_in_context,
    )

    tracer = provider.get_tracer("nightshelf")

    def begin() -> None:
        route, method = route_of(request), method_of(request)
        parent = propagate.extract(request.headers)
        span = tracer.start_span(
            f"{method} {route}",
            parent,
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route},
        )
        g.span = span
        g.span_token = context.attach(set_span_in_context(span, parent))

    def describe(response: Response) -> Response:
        span = g.span
        span.set_attribute("http.response.status_code", response.status_code)
        for name in ("Version", "Tier"):
            if said := response.headers.get(f"X-Recs-{name}"):
                span.set_attribute(f"nightshelf.{name.lower()}", said)
        if response.status_code >= 500:
            span.set_status(Status(StatusCode.ERROR))
        return response

    def end(error: BaseException | None) -> None:
        if "span" in g:
            context.detach(g.span_token)
            g.span.end()

    def open_span(purpose: str) -> Any:
        if not get_current_span().is_recording():  # the poller's trips are of no request
            return None
        return tracer.start_span(
            f"store {purpose}", kind=SpanKind.CLIENT, attributes={"db.system.name": "redis"}
        )

    app.before_request(begin)
    app.after_request(describe)
    app.teardown_request(end)
    trips.open_span = open_span
