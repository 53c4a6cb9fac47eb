"""Which HAProxy is used."""

from pathlib import Path

import pytest

from modelyard.domain.errors import GatewayFailed
from modelyard.gateway import binary
from modelyard.gateway.binary import find_haproxy, has_lua, version


def make(folder: Path, says: str) -> Path:
    script = folder / "haproxy"
    script.write_text(f"#!/bin/sh\necho '{says}'\n")
    script.chmod(0o755)
    return script


def test_the_configured_one_comes_first(tmp_path: Path) -> None:
    mine = make(tmp_path, "HAProxy version 3.0.5-1 2024/09/19 - https://haproxy.org/")

    assert find_haproxy(str(mine)) == str(mine)


def test_a_configured_one_that_is_too_old_is_refused_and_nothing_else_is_taken(
    tmp_path: Path,
) -> None:
    old = make(tmp_path, "HAProxy version 2.6.12-1+deb12u3 2025/10/03 - https://haproxy.org/")

    with pytest.raises(GatewayFailed, match=r"version 2\.6\. .*2\.8 or newer"):
        find_haproxy(str(old))


def test_a_configured_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GatewayFailed, match="no-such"):
        find_haproxy(str(tmp_path / "no-such"))


def test_a_new_one_on_the_path_comes_before_the_wheel(tmp_path: Path) -> None:
    mine = make(tmp_path, "HAProxy version 2.8.0")

    assert find_haproxy(path=str(tmp_path)) == str(mine)


@pytest.mark.skipif(binary._bundled() is None, reason="there is no wheel for this platform")
def test_the_wheel_helps_when_the_path_has_none_or_an_old_one(tmp_path: Path) -> None:
    assert find_haproxy(path=str(tmp_path)) == binary._bundled()
    make(tmp_path, "HA-Proxy version 1.8.4")
    assert find_haproxy(path=str(tmp_path)) == binary._bundled()


def test_none_at_all_is_said_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "HAProxy version 2.6.1")
    monkeypatch.setattr(binary, "_bundled", lambda: None)

    with pytest.raises(GatewayFailed, match=r"version 2\.6\. Install HAProxy 2\.8"):
        find_haproxy(path=str(tmp_path))


def test_a_program_that_is_no_haproxy_has_no_version(tmp_path: Path) -> None:
    assert version(str(make(tmp_path, "hello"))) is None
    assert version(str(tmp_path / "missing")) is None


@pytest.mark.parametrize(("features", "expected"), [("+EPOLL +LUA", True), ("-LUA", False)])
def test_whether_it_runs_scripts(tmp_path: Path, features: str, expected: bool) -> None:
    mine = make(tmp_path, f"HAProxy version 3.0.5-1\nFeature list : {features} +THREAD")

    assert has_lua(str(mine)) is expected
    assert has_lua(str(tmp_path / "no-such")) is False
