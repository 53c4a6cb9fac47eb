"""What a job's script is told of telemetry."""

from modelyard.bootstrap.job_script import variables
from modelyard.domain.jobs import JobSpec
from modelyard.telemetry.ingest import INGEST


def spec(address: str, **own: str) -> JobSpec:
    return JobSpec(
        workspace="ws",
        run="r1",
        experiment="e",
        folder="/f",
        python="/p/bin/python",
        runtime="/r",
        url="http://server",
        token="t",
        variables=own,
        facts={INGEST: address} if address else {},
    )


def test_a_job_is_told_its_address_and_may_say_another_for_packages() -> None:
    told = variables(spec("http://ours", OTEL_EXPORTER_OTLP_ENDPOINT="http://own"), {})

    assert told["MODELYARD_INGEST"] == "http://ours"
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://own"
    assert told["APPLICATIONINSIGHTS_CONNECTION_STRING"].endswith("=http://ours")


def test_a_job_without_an_address_is_told_nothing() -> None:
    assert not {"OTEL_EXPORTER_OTLP_ENDPOINT", "MODELYARD_INGEST"} & variables(spec(""), {}).keys()
