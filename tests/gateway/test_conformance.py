"""The promises of the port, kept by the fake and by HAProxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.domain.routing import Backend
from modelyard.testing.gateway import Answer, FakeGateway, GatewayConformance
from modelyard.testing.gateway_traffic import TrafficConformance
from tests.gateway.yard import Yard


class FakeHarness:
    def __init__(self) -> None:
        self.gateway = FakeGateway(taken_ports={8801})

    def front(self, id: str) -> Backend:
        return Backend(id, (f"/run/{id}.sock",), 10.0)

    def ask(self, method: str, path: str, **more: object) -> Answer:
        return self.gateway.ask(method, path, **more)

    def free_port(self) -> int:
        return 8800

    def taken_port(self) -> int:
        return 8801


class TestFakeGateway(GatewayConformance, TrafficConformance):
    @pytest.fixture
    def harness(self) -> FakeHarness:
        return FakeHarness()


class TestHaproxyGateway(GatewayConformance, TrafficConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[Yard]:
        yard = Yard(tmp_path)
        try:
            yield yard.up()
        finally:
            yard.close()
