"""The sampler, with this machine and a fake driver."""

import asyncio
from pathlib import Path

import pytest

from modelyard.collector.gpu.cards import Cards
from modelyard.collector.samplers.machine import Machine
from modelyard.collector.samplers.sampler import Sampler
from modelyard.telemetry.records import About
from modelyard.testing.nvml import FakeCard, FakeNvml
from modelyard.testing.sink import FakeSink


def test_the_machine_is_told_by_opentelemetrys_names_and_units(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.look()

    found = {(m.counter, m.unit) for m in machine.look()}

    assert found >= {
        ("system.cpu.time", "s"),
        ("system.cpu.utilization", "1"),
        ("system.memory.usage", "By"),
        ("system.filesystem.utilization", "1"),
        ("system.process.count", "{process}"),
        ("system.thread.count", "{thread}"),
        ("system.open_file_descriptor.count", "{file_descriptor}"),
        ("system.network.io", "By"),
    }


def test_shares_of_the_machine_are_between_nothing_and_all(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.look()

    shares = [m.value for m in machine.look() if m.unit == "1"]

    assert shares
    assert all(0 <= share <= 1 for share in shares)


def test_a_folder_that_is_gone_leaves_out_the_disk_alone(tmp_path: Path) -> None:
    found = {m.counter for m in Machine(tmp_path / "gone").look()}

    assert "system.filesystem.usage" not in found
    assert "system.memory.usage" in found


async def _looks(sampler: Sampler, sink: FakeSink, looks: int) -> None:
    running = asyncio.ensure_future(sampler.run())
    while len({row[0] for row in sink.rows.get("performanceCounters", ())}) < looks:
        await asyncio.sleep(0.01)
        assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_looks_go_to_the_sink_again_and_again_and_the_driver_is_let_go(tmp_path: Path) -> None:
    sink, nvml = FakeSink(), FakeNvml(FakeCard("GPU-a", gpu=42))
    sampler = Sampler(sink, list, tmp_path, interval=0.01, cards=Cards(lambda: nvml))

    asyncio.run(_looks(sampler, sink, 3))

    cards = [row for row in sink.named("performanceCounters") if row["category"] == "GPU"]
    assert {row["instance"] for row in cards} == {"GPU-a"}
    assert {row["cloud_RoleName"] for row in cards} == {"machine"}
    assert {row["name"]: row["value"] for row in sink.named("customMetrics")}["gpu"] == 42.0
    assert nvml.opened == 0
    assert sampler.latest


def test_a_look_that_fails_is_told_once_and_the_next_one_comes(tmp_path: Path, caplog) -> None:
    sink, failing = FakeSink(), [True, True]

    def fronts() -> list[About]:
        if failing:
            raise RuntimeError(f"{failing.pop()} is the matter")
        return []

    sampler = Sampler(sink, fronts, tmp_path, interval=0.01, cards=Cards(lambda: None))

    asyncio.run(_looks(sampler, sink, 1))

    told = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert len(told) == 1
    assert "is the matter" in told[0]
