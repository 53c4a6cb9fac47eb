"""Keys for handing telemetry in, and the variables that tell packages where to."""

import dataclasses
from pathlib import Path

import pytest

from modelyard.domain.errors import BadInput
from modelyard.settings import read
from modelyard.telemetry.ingest import Origin, address, key_for, read_key, variables
from modelyard.telemetry.records import About

KEY = b"the-key-of-the-home"
IRIS = Origin("ws", "iris / ü", "v1", 3, "front", "f1")


def test_a_key_says_whose_it_is_and_fits_into_a_path() -> None:
    key = key_for(IRIS, KEY)

    assert read_key(key, KEY) == IRIS
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_the_homes_own_key_is_nobodys_in_particular() -> None:
    assert read_key(KEY.decode(), KEY) == Origin()


@pytest.mark.parametrize("text", ["", ".", "x", "ü.ü", "WyJ3cyJd.", key_for(IRIS, b"another")])
def test_a_false_key_is_nobodys(text: str) -> None:
    assert read_key(text, KEY) is None


def test_a_key_cannot_be_changed_to_anothers() -> None:
    facts, _, _ = key_for(dataclasses.replace(IRIS, service="other"), KEY).partition(".")
    _, _, seal = key_for(IRIS, KEY).partition(".")

    assert read_key(f"{facts}.{seal}", KEY) is None


def test_without_the_homes_key_there_is_no_address(tmp_path: Path) -> None:
    assert address("http://x", IRIS, tmp_path / "ingest.key") == ""
    assert variables("") == {}


def test_variables_lead_to_the_address(tmp_path: Path) -> None:
    (tmp_path / "ingest.key").write_bytes(KEY + b"\n")

    told = variables(address("http://127.0.0.1:8700", IRIS, tmp_path / "ingest.key"))

    where = f"http://127.0.0.1:8700/telemetry/{key_for(IRIS, KEY)}"
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == where
    assert told["APPLICATIONINSIGHTS_CONNECTION_STRING"].endswith(f";IngestionEndpoint={where}")


def test_an_origin_names_its_columns_as_the_tables_do() -> None:
    about = About("front", "f1", "ws", "iris", "v1", 3, 77)

    assert Origin.of(about).columns() == {
        "cloud_RoleName": "ws/iris",
        "cloud_RoleInstance": "f1",
        "application_Version": "v1",
        "workspace": "ws",
        "service": "iris",
        "revision": 3,
    }
    assert Origin(role="machine").role_name == "machine"


def test_settings_of_sending_on_are_read_and_secrets_not_shown() -> None:
    told = {"MODELYARD_OTLP_HEADERS": "Authorization=Bearer%20x, a=b"}
    assert read(told).otlp_headers == (("authorization", "Bearer x"), ("a", "b"))
    assert read({}).otlp_endpoint is None

    with pytest.raises(BadInput, match="name=value") as refused:
        read({"MODELYARD_OTLP_HEADERS": "hidden-secret"})
    assert "hidden-secret" not in refused.value.message
