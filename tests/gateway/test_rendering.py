"""The pure part: files from a table."""

from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import external_file, snapshot

from modelyard.domain.routing import Backend, Route, RoutingTable
from modelyard.domain.services import Auth
from modelyard.gateway.config import fits, render, stamp
from modelyard.gateway.layout import Layout
from modelyard.gateway.maps import in_safe_order, maps, parse_map, render_map
from modelyard.gateway.sections import quoted
from modelyard.settings import read

LAYOUT = Layout(
    host="127.0.0.1",
    port=8700,
    folder=Path("/home/me/.modelyard/run/gateway"),
    sockets=Path("/run/user/1/my"),
    control_socket=Path("/run/user/1/my/control.sock"),
    log=Path("/home/me/.modelyard/logs/gateway.log"),
    ledgers=Path("/dev/shm/my"),
    hostname="Desk",
    threads=2,
    allowed_hosts=("models.example",),
)
BLUE, GREEN = Backend("r1", ("/run/r1.sock",), 95.5), Backend("r2", ("/run/r2.sock",), 20_000)
TABLE = RoutingTable(
    (
        Route("ws", "salary", Auth.KEY, "r1", ("AB01", "CD02"), cors=True),
        Route("ws", "local", Auth.OFF, "r2", port=8801),
        Route("ws", "new", Auth.TOKEN, None),
    ),
    {"r1": BLUE, "r2": GREEN},
)


def test_the_configuration_of_a_table() -> None:
    assert render(TABLE, LAYOUT) == external_file("expected.cfg", format=".txt")


def test_the_maps_of_a_table() -> None:
    assert maps(TABLE) == snapshot(
        {
            "tokens.map": {},
            "keys.map": {"ws/salary:AB01": "1", "ws/salary:CD02": "1"},
            "cors.map": {"ws/salary": "1"},
            "sticky.map": {},
            "versions.map": {},
            "plans.map": {},
            "backends.map": {"ws/salary": "be_r1", "ws/local": "be_r2", "ws/new": "none"},
            "auth.map": {"ws/salary": "key", "ws/local": "off", "ws/new": "token"},
        }
    )


def test_a_backend_that_is_not_in_the_table_is_not_routed_to() -> None:
    assert set(maps(replace(TABLE, backends={}))["backends.map"].values()) == {"none"}


def test_routes_and_keys_do_not_change_the_configuration() -> None:
    changed = replace(
        TABLE,
        routes=(
            Route("ws", "salary", Auth.OFF, "r2"),
            Route("ws", "local", Auth.OFF, None, port=8801),
        ),
    )

    assert render(changed, LAYOUT) == render(TABLE, LAYOUT)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(TABLE, backends={"r1": BLUE}), id="a backend goes"),
        pytest.param(
            replace(TABLE, backends={"r1": BLUE, "r2": replace(GREEN, timeout=7)}), id="a timeout"
        ),
        pytest.param(replace(TABLE, routes=TABLE.routes[:1]), id="a local port goes"),
    ],
)
def test_fronts_timeouts_and_ports_change_the_stamp(changed: RoutingTable) -> None:
    assert stamp(render(changed, LAYOUT)) != stamp(render(TABLE, LAYOUT))


def test_an_older_process_may_finish_the_longest_answer() -> None:
    assert "hard-stop-after 20060s" in render(TABLE, LAYOUT)
    assert "hard-stop-after 14400s" in render(RoutingTable(), LAYOUT)


def test_a_configuration_for_another_address_does_not_fit() -> None:
    text = render(TABLE, LAYOUT)

    assert fits(text, LAYOUT)
    assert not fits(text, replace(LAYOUT, port=8701))
    assert not fits(text, replace(LAYOUT, sockets=Path("/elsewhere")))


@pytest.mark.parametrize(
    ("host", "bound", "own", "names"),
    [
        ("127.0.0.1", "127.0.0.1:8700", "127.0.0.1:8700", {"127.0.0.1"}),
        ("0.0.0.0", "0.0.0.0:8700", "127.0.0.1:8700", set()),
        ("::", "[::]:8700 v4v6", "127.0.0.1:8700", set()),
        ("::1", "[::1]:8700", "[::1]:8700", {"[::1]"}),
        ("192.168.1.5", "192.168.1.5:8700", "192.168.1.5:8700", {"192.168.1.5"}),
    ],
)
def test_addresses_as_haproxy_writes_them(
    host: str, bound: str, own: str, names: set[str]
) -> None:
    layout = replace(LAYOUT, host=host)

    assert layout.address == bound
    assert layout.own_address == own
    assert set(layout.host_names) == {"localhost", "[::1]", "desk", "models.example"} | names


def test_the_layout_of_a_home() -> None:
    settings = read({"MODELYARD_HOME": "/srv/yard", "MODELYARD_PORT": "9000"})

    layout = Layout.of(settings, Path("/run/control.sock"), "desk")

    assert (layout.port, layout.folder, layout.log) == (
        9000,
        Path("/srv/yard/run/gateway"),
        Path("/srv/yard/logs/gateway.log"),
    )


@pytest.mark.parametrize("text", ["plain", "two words", "it's", '"$x"', "a\\b", "#no comment"])
def test_any_text_is_one_word_of_the_configuration(text: str) -> None:
    words = quoted(text)

    assert words.startswith("'")
    assert words[1:-1].replace("'\\''", "'") == text


def test_what_goes_is_forgotten_first_and_what_comes_is_known_last() -> None:
    now = {
        "plans.map": {},
        "keys.map": {"a:1": "1"},
        "backends.map": {"a": "x"},
        "auth.map": {"a": "key"},
    }
    wanted = {
        "plans.map": {},
        "keys.map": {"b:1": "1"},
        "backends.map": {"b": "y"},
        "auth.map": {"b": "key"},
    }

    assert in_safe_order(wanted, now) == snapshot(
        [
            "del map auth.map a",
            "del map backends.map a",
            "del map keys.map a:1",
            "add map keys.map b:1 1",
            "add map backends.map b y",
            "add map auth.map b key",
        ]
    )
    assert in_safe_order(now, now) == []


def test_a_changed_value_is_set_in_place() -> None:
    now, wanted = ({"plans.map": {}, "m": {"a": value}} for value in "12")

    assert in_safe_order(wanted, now) == ["set map m a 2"]


def test_maps_as_files_and_as_haproxy_shows_them() -> None:
    assert render_map({"b": "2", "a": "1"}) == "a 1\nb 2\n"
    assert parse_map("0x1f a 1\n0x2f b 2\n\n") == {"a": "1", "b": "2"}
    assert parse_map("Unknown map identifier.\n") == {}
