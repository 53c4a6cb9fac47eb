import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

from modelyard.bootstrap.health import answers
from tests.bootstrap.ups import Ups
from tests.supervisor.yard import STUBBORN, runs
from tests.waiting import wait_until


def test_up_returns_when_the_server_answers_and_says_where(ups: Ups) -> None:
    done = ups.up()

    assert done.returncode == 0, done.stderr
    assert f"is ready at {ups.settings.base_url}" in done.stdout
    assert f"API token: {ups.settings.home / 'token'}" in done.stdout
    assert answers(ups.settings.base_url)
    written = json.loads((ups.settings.run / "server.json").read_text())
    assert written["url"] == ups.settings.base_url


def test_a_second_up_says_where_it_runs_and_is_fine(ups: Ups) -> None:
    ups.up()
    supervisor = ups.supervisor()

    second = ups.up(MODELYARD_PORT="1")

    assert second.returncode == 0
    assert second.stdout == (
        f"Modelyard is already running in {ups.settings.home} at {ups.settings.base_url} "
        f"(pid {supervisor}).\n"
    )


def test_two_ups_at_once_start_one_server(ups: Ups) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: ups.up(), range(2))

    assert (one.returncode, other.returncode) == (0, 0)
    assert sorted("already running" in done.stdout for done in (one, other)) == [False, True]
    assert ups.supervisor()


def test_an_occupied_port_is_named_with_its_holder_and_the_way_out(ups: Ups) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", ups.settings.port))
        other.listen()

        done = ups.up()

    assert done.returncode == 1
    assert f"Port {ups.settings.port} is taken by" in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr
    assert "MODELYARD_PORT=" in done.stderr
    assert "Traceback" not in done.stderr
    assert ups.yard.left() == []


def test_an_address_of_another_machine_is_refused(ups: Ups) -> None:
    done = ups.up(MODELYARD_HOST="192.0.2.1")

    assert done.returncode == 1
    assert "MODELYARD_HOST" in done.stderr


def test_a_server_that_cannot_start_is_shown_with_the_end_of_its_log(ups: Ups) -> None:
    done = ups.up(MODELYARD_FAKE="broken")

    assert done.returncode == 1
    assert "the database is broken" in done.stderr
    assert "modelyard down" in done.stderr


def test_another_up_mends_a_server_that_could_not_start(ups: Ups) -> None:
    ups.up(MODELYARD_FAKE="broken")

    done = ups.up()

    assert done.returncode == 0, done.stderr
    assert "is ready" in done.stdout


def test_what_was_wanted_before_is_started_with_it(ups: Ups) -> None:
    ups.yard.supervision.want(ups.yard.spec("front-a", order=30))

    ups.up()

    assert ups.yard.pid("front-a")
    assert ups.yard.supervision.wanted()["control"].order == 20


def test_what_a_killed_supervisor_left_is_taken_over(ups: Ups) -> None:
    ups.up()
    control = ups.yard.pid("control")
    ups.kill_supervisor()
    kept = sorted([control, ups.yard.pid("collector")])
    wait_until(lambda: sorted(ups.yard.left()) == kept)

    done = ups.up()

    assert done.returncode == 0, done.stderr
    assert ups.yard.pid("control") == control
    assert ups.supervisor()  # it is at work when 'up' returns, so that 'down' finds it


def test_the_server_is_told_its_home_and_release_and_no_secret_of_the_caller(ups: Ups) -> None:
    ups.up(MODELYARD_TOKEN="the caller's own", MODELYARD_URL="http://elsewhere")

    environment = ups.yard.supervision.wanted()["control"].env

    assert environment["MODELYARD_RELEASE"]
    assert not {"MODELYARD_TOKEN", "MODELYARD_URL"} & set(environment)
    assert environment["MODELYARD_HOME"] == str(ups.settings.home)


def test_in_the_foreground_it_says_the_same_and_ctrl_c_stops_all(ups: Ups) -> None:
    process = ups.up_in_the_foreground()
    assert process.stdout is not None
    first = process.stdout.readline()
    assert f"is ready at {ups.settings.base_url}" in first

    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Stopping" in said
    assert said.endswith("Stopped.\n")
    assert ups.yard.left() == []
    assert not (ups.settings.run / "server.json").exists()


def test_down_stops_everything_and_twice_is_fine(ups: Ups) -> None:
    ups.up()

    first, second = ups.down(), ups.down()

    assert first.stdout == f"Modelyard in {ups.settings.home} has stopped.\n"
    assert second.stdout == f"Modelyard is not running in {ups.settings.home}.\n"
    assert (first.returncode, second.returncode) == (0, 0)
    assert ups.yard.left() == []
    assert not ups.settings.sockets.exists()
    assert not ups.settings.rings.exists()


def test_down_in_a_home_that_never_was_says_so(ups: Ups) -> None:
    done = subprocess.run(
        [*ups.control[:1], "-m", "modelyard.bootstrap.down"],
        env={**ups.environment, "MODELYARD_HOME": "/nowhere/home"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "Modelyard is not running in /nowhere/home.\n")


def test_down_stops_what_a_killed_supervisor_left(ups: Ups) -> None:
    ups.yard.supervision.want(ups.yard.spec("front-a", STUBBORN, stop_timeout=0.5, order=30))
    ups.up()
    wait_until(lambda: "deaf" in ups.yard.log("front-a"))
    pids = [ups.yard.pid("control"), ups.yard.pid("front-a")]
    ups.kill_supervisor()

    done = ups.down()

    assert done.returncode == 0, done.stderr
    assert not any(runs(pid) for pid in pids)
    assert ups.yard.left() == []


def test_keep_serving_ends_the_supervisor_alone(ups: Ups) -> None:
    ups.up()
    control, collector = ups.yard.pid("control"), ups.yard.pid("collector")

    done = ups.down("--keep-serving")

    assert done.returncode == 0
    assert "left 2 processes serving" in done.stdout
    assert sorted(ups.yard.left()) == sorted([control, collector])
    assert answers(ups.settings.base_url)
    assert "is ready" in ups.up().stdout
    assert ups.yard.pid("control") == control
