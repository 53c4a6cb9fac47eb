"""``/metrics``, read by the parsers of prometheus_client."""

import asyncio
import gzip
import random
from typing import Any

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from modelyard.collector.making import row
from modelyard.collector.measures import Measure
from modelyard.collector.prometheus import Meters, routes
from modelyard.collector.prometheus.families import ALL
from modelyard.collector.prometheus.meters import SECONDS
from modelyard.collector.web import HttpAnswer, HttpRequest
from modelyard.domain.errors import Unauthenticated
from modelyard.telemetry.ingest import Origin

IRIS = Origin("ws", "iris", "v1", 3)
WHO = {"service_namespace": "ws", "service_name": "iris", "service_version": "v1"}
ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"


def request(duration: float = 12.0, **more: Any) -> tuple[Any, ...]:
    values = {
        "timestamp": 1.0,
        "name": "POST /score",
        "resultCode": "200",
        "duration": duration,
        "queueMs": 1.0,
        "runMs": 10.0,
        "batchSize": 1,
        "requestBytes": 100,
        "responseBytes": 10,
        "source": "front",
    }
    return row("requests", IRIS.columns(), values, more)


def scrape(
    meters: Meters, *measures: Measure, open_to_all: bool = True, **given: Any
) -> HttpAnswer:
    handle = routes(meters, lambda: measures, open_to_all=open_to_all)[0].handle
    return asyncio.run(handle(HttpRequest("GET", "/metrics", **given)))


def samples(meters: Meters, *measures: Measure) -> dict[tuple[str, frozenset[Any]], float]:
    """All samples, as the strict parser of OpenMetrics reads them."""
    answer = scrape(meters, *measures, headers={"accept": ACCEPT})
    assert isinstance(answer.body, bytes)
    found = {}
    for family in openmetrics.text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())] = sample.value
    return found


def key(sample: str, /, **labels: str) -> tuple[str, frozenset[Any]]:
    return sample, frozenset({**WHO, **labels}.items())


POSTED = {"http_request_method": "POST", "http_response_status_code": "200"}


def test_histograms_of_requests_are_exact() -> None:
    meters, generator = Meters(), random.Random(7)
    durations = [generator.lognormvariate(3, 2) for _ in range(3000)] + [5.0, 10.0, 10000.0]
    for start in range(0, len(durations), 1000):
        meters.hear({"requests": [request(ms) for ms in durations[start : start + 1000]]})

    found = samples(meters)

    name = "http_server_request_duration_seconds"
    for bound in SECONDS:
        below = sum(ms <= bound * 1000 for ms in durations)
        assert found[key(f"{name}_bucket", le=repr(bound), **POSTED)] == below
    assert found[key(f"{name}_bucket", le="+Inf", **POSTED)] == len(durations)
    assert found[key(f"{name}_count", **POSTED)] == len(durations)
    assert found[key(f"{name}_sum", **POSTED)] == pytest.approx(sum(durations) / 1000)


def test_time_in_run_and_in_the_queue_are_told_for_those_that_ran() -> None:
    meters = Meters()
    rows = [
        request(runMs=40.0),
        request(runMs=None, queueMs=None, resultCode="503", errorCode="queue_full"),
    ]

    meters.hear({"requests": rows})

    found = samples(meters)
    assert found[key("ml_inference_duration_seconds_count")] == 1
    assert found[key("ml_inference_duration_seconds_sum")] == 0.04
    assert found[key("ml_inference_queue_duration_seconds_count")] == 1
    assert found[key("ml_inference_batch_size_bucket", le="1.0")] == 2
    assert found[key("http_server_request_body_size_bytes_sum")] == 200
    refused = {**POSTED, "http_response_status_code": "503", "error_type": "queue_full"}
    assert found[key("http_server_request_duration_seconds_count", **refused)] == 1


def test_requests_that_scripts_report_are_not_those_of_the_server() -> None:
    meters = Meters()

    meters.hear({"requests": [request(source="script"), request(source="gateway")]})

    found = samples(meters)
    assert found[key("http_server_request_duration_seconds_count", **POSTED)] == 1
    assert key("ml_inference_duration_seconds_count") not in found


def test_lines_exceptions_and_custom_metrics_are_counted() -> None:
    meters = Meters()
    role = {"cloud_RoleName": "control"}
    meters.hear(
        {
            "traces": [
                row("traces", IRIS.columns(), {"severityLevel": 2}),
                row("traces", IRIS.columns(), {"severityLevel": 2}),
                row("traces", role, {}),
            ],
            "exceptions": [row("exceptions", IRIS.columns(), {"type": "KeyError"})],
            "customMetrics": [
                row(
                    "customMetrics",
                    IRIS.columns(),
                    {"name": "gpu", "valueSum": 84.0, "valueCount": 2},
                )
            ],
        }
    )

    found = samples(meters)

    assert found[key("ml_log_records_total", severity="warning")] == 2
    control = frozenset({("service_name", "control"), ("severity", "unknown")})
    assert found["ml_log_records_total", control] == 1
    assert found[key("ml_exceptions_total", error_type="KeyError")] == 1
    assert found[key("ml_custom_metric_sum", name="gpu")] == 84.0
    assert found[key("ml_custom_metric_count", name="gpu")] == 2


def test_measures_of_the_last_look_are_told_with_unit_and_labels() -> None:
    measures = [
        Measure("Process", "process.cpu.time", 12.5, "s", "", {}, IRIS, sums=True),
        Measure("Process", "process.memory.usage", 2**30, "By", "", {}, IRIS),
        Measure("GPU", "hw.gpu.utilization", 0.4, "1", "GPU-a", {"hw.id": "GPU-a"}),
        Measure(
            "Disk", "system.disk.io", 7, "By", "sda", {"disk.io.direction": "read"}, sums=True
        ),
        Measure("Else", "else.where", 1.5, "{thing}"),
    ]

    found = samples(Meters(), *measures)

    assert found[key("process_cpu_time_seconds_total", service_revision="3")] == 12.5
    assert found[key("process_memory_usage_bytes", service_revision="3")] == 2**30
    assert found["hw_gpu_utilization_ratio", frozenset({("hw_id", "GPU-a")})] == 0.4
    disk = frozenset({("device", "sda"), ("disk_io_direction", "read")})
    assert found["system_disk_io_bytes_total", disk] == 7
    assert found["else_where", frozenset()] == 1.5


def test_hundreds_of_thousands_of_label_values_share_one_series_and_are_counted() -> None:
    meters = Meters(limit=100)
    first, _, *rest = row("customMetrics", IRIS.columns(), {"valueSum": 1.0, "valueCount": 1})
    for start in range(0, 200_000, 50_000):
        rows = [(first, f"m{number}", *rest) for number in range(start, start + 50_000)]
        meters.hear({"customMetrics": rows})

    found = samples(meters)

    own = [name for name, _ in found if name == "ml_custom_metric_count"]
    assert len(own) == 101
    overflow = frozenset({("otel_metric_overflow", "true")})
    assert found["ml_custom_metric_count", overflow] == 199_900
    refused = frozenset({("family", "ml_custom_metric")})
    assert found["ml_collector_label_sets_refused_total", refused] == 199_900


def test_values_that_need_escaping_come_back_as_they_were() -> None:
    meters = Meters()
    odd = 'a"b\\c\nd — ü'
    meters.hear({"exceptions": [row("exceptions", IRIS.columns(), {"type": odd})]})

    assert samples(meters)[key("ml_exceptions_total", error_type=odd)] == 1
    classic = scrape(meters).body
    assert isinstance(classic, bytes)
    (family,) = text_string_to_metric_families(classic.decode())
    assert family.samples[0].labels["error_type"] == odd


def test_the_older_format_is_given_to_who_asks_for_no_other() -> None:
    meters = Meters()
    meters.hear({"requests": [request()], "traces": [row("traces", IRIS.columns())]})

    answer = scrape(meters, headers={"accept": "text/plain"})

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert isinstance(answer.body, bytes)
    kinds = {f.name: f.type for f in text_string_to_metric_families(answer.body.decode())}
    assert kinds["http_server_request_duration_seconds"] == "histogram"
    assert kinds["ml_log_records"] == "counter"
    assert b"_created" not in answer.body


def test_a_large_page_is_packed_for_who_can_read_it() -> None:
    meters = Meters()
    meters.hear({"requests": [request(resultCode=str(n)) for n in range(200, 300)]})

    answer = scrape(meters, headers={"accept-encoding": "gzip, deflate"})

    assert isinstance(answer.body, bytes)
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body).startswith(b"# TYPE http_server_request_duration_seconds")


def test_off_loopback_a_token_is_needed_and_shows_its_workspace_alone() -> None:
    meters = Meters()
    other = Origin("other", "secret", "v1").columns()
    meters.hear({"exceptions": [row("exceptions", who) for who in (IRIS.columns(), other)]})
    token = {"x-modelyard-workspace": "ws"}

    with pytest.raises(Unauthenticated):
        scrape(meters, open_to_all=False)
    shown = scrape(meters, open_to_all=False, headers=token, workspace="ws").body

    assert isinstance(shown, bytes)
    assert b"iris" in shown
    assert b"secret" not in shown


def test_names_of_families_follow_their_kind_and_unit() -> None:
    assert len({family.name for family in ALL}) == len(ALL)
    for family in ALL:
        assert family.about.endswith(".")
        assert not family.unit or family.name.endswith(f"_{family.unit}")
        assert not family.name.endswith("_total")
