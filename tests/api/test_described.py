"""The OpenAPI document tells of what the collector answers, too."""

import json
from pathlib import Path

from modelyard.api.described_telemetry import OPERATIONS
from modelyard.bootstrap.collector_parts import make_collector, make_routes
from modelyard.settings import Settings
from tests.api.conftest import Callers

INTERNAL = ("/seal", "/measure")
"""What only the control plane may ask: how such a path ends."""


def test_every_route_of_the_collector_is_described(tmp_path: Path) -> None:
    routes = make_routes(make_collector(Settings(home=tmp_path, database_url="sqlite://")))
    ours = {
        (route.method.lower(), route.path)
        for route in routes
        if route.path.startswith(("/api/", "/serve/"))
    }

    written = {(operation.method, operation.path) for operation in OPERATIONS}

    assert written == {(method, path) for method, path in ours if not path.endswith(INTERNAL)}


def test_all_that_the_document_refers_to_is_in_it(shared: Callers) -> None:
    document = shared.nobody("GET", "/openapi.json").json()

    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert {"Query", "Feedback", "FeedbackResult", "Problem"} <= names
    assert names <= set(document["components"]["schemas"])
    ids = [o["operationId"] for item in document["paths"].values() for o in item.values()]
    assert len(ids) == len(set(ids))
