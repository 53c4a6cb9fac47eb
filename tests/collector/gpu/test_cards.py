"""Cards, by a driver that stands in for NVIDIA's."""

import pytest

from modelyard.collector.gpu.cards import AGAIN, Cards
from modelyard.collector.gpu.matching import Matching
from modelyard.collector.measures import Measure
from modelyard.telemetry.ingest import Origin
from modelyard.testing.nvml import FakeCard, FakeNvml, FakePart

IRIS = Origin("ws", "iris", "v1", 3)
BIRD = Origin("ws", "bird", "v2", 1)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def of(measures: list[Measure], counter: str) -> dict[str, float]:
    return {m.instance: m.value for m in measures if m.counter == counter}


def owned(measures: list[Measure], counter: str) -> dict[tuple[str, str], float]:
    return {(m.origin.service, m.instance): m.value for m in measures if m.counter == counter}


def test_each_of_two_cards_is_told_with_its_own_values() -> None:
    nvml = FakeNvml(
        FakeCard("GPU-a", gpu=42, memory=7, used=8 << 30, celsius=61, milliwatts=350_500),
        FakeCard("GPU-b", errors=2),
    )

    measures = Cards(lambda: nvml).look({})

    assert of(measures, "hw.gpu.encoder.utilization") == {"GPU-a": 0.0, "GPU-b": 0.0}
    assert of(measures, "hw.gpu.utilization") == {"GPU-a": 0.42, "GPU-b": 0.0}
    assert of(measures, "hw.gpu.memory.utilization") == {"GPU-a": 0.1, "GPU-b": 0.0125}
    assert of(measures, "hw.temperature") == {"GPU-a": 61, "GPU-b": 40}
    assert of(measures, "hw.power")["GPU-a"] == 350.5
    corrected = [m for m in measures if m.attributes.get("error.type") == "corrected"]
    assert of(corrected, "hw.errors") == {"GPU-a": 0, "GPU-b": 2}


def test_azures_names_of_a_cards_rates_are_custom_metrics_in_percent() -> None:
    cards = Cards(lambda: FakeNvml(FakeCard("GPU-a", gpu=42, memory=7)))
    cards.look({})

    rows = cards.custom(5.0)

    assert [(row[0], row[1], row[2]) for row in rows] == [
        (5.0, "gpu", 42.0),
        (5.0, "gpu-gpu-mem", 7.0),
    ]


def test_processes_on_a_card_are_told_by_service_version() -> None:
    card = FakeCard(
        "GPU-a",
        processes=[(10, 2 << 30), (11, 1 << 30), (20, None), (99, 5 << 30)],
        samples=[(10, 30, 1), (10, 50, 2), (11, 20, 2), (99, 10, 2)],
    )
    cards = Cards(lambda: FakeNvml(card))

    measures = cards.look({10: IRIS, 11: IRIS, 20: BIRD})

    assert owned(measures, "ml.gpu.memory.usage") == {
        ("iris", "GPU-a"): 3 << 30,
        ("bird", "GPU-a"): 0,
    }
    assert owned(measures, "ml.gpu.utilization") == {
        ("iris", "GPU-a"): pytest.approx(0.6),
        ("bird", "GPU-a"): 0.0,
    }


def test_a_card_without_newer_samples_says_that_nobody_computed() -> None:
    card = FakeCard("GPU-a", processes=[(10, 1)], samples=[(10, 80, 7)])
    cards = Cards(lambda: FakeNvml(card))

    first = owned(cards.look({10: IRIS}), "ml.gpu.utilization")
    second = owned(cards.look({10: IRIS}), "ml.gpu.utilization")

    assert (first, second) == ({("iris", "GPU-a"): 0.8}, {("iris", "GPU-a"): 0.0})


def test_a_process_that_vanished_before_it_could_be_matched_belongs_to_nobody() -> None:
    card = FakeCard("GPU-a", processes=[(10, 1), (12, 1)])
    cards = Cards(lambda: FakeNvml(card))
    cards.look({10: IRIS, 12: IRIS})
    card.processes.pop(0)

    measures = cards.look({10: IRIS, 12: IRIS})

    assert owned(measures, "ml.gpu.memory.usage") == {("iris", "GPU-a"): 1}


def test_a_process_in_a_container_is_matched_by_the_pid_that_it_has_there() -> None:
    inner = {500: (7,), 600: (8, 3), 601: (8,)}
    matching = Matching({500: IRIS, 600: BIRD, 601: IRIS}, lambda pid: inner[pid])

    assert matching.owner(500) == IRIS
    assert matching.owner(7) == IRIS
    assert matching.owner(3) == BIRD
    assert matching.owner(8) is None  # two containers have one of that number
    assert matching.owner(4) is None


def test_a_cut_card_is_told_by_its_parts_with_their_processes() -> None:
    parts = [
        FakePart("MIG-1", 1, total=10 << 30, used=5 << 30, processes=[(10, 4 << 30)]),
        FakePart("MIG-2", 2, busy=75.0),
    ]
    nvml = FakeNvml(FakeCard("GPU-a", parts=parts))
    cards = Cards(lambda: nvml)

    first = cards.look({10: IRIS})
    second = cards.look({10: IRIS})

    assert of(first, "hw.gpu.utilization") == {}  # two samples are needed
    assert of(second, "hw.gpu.utilization") == {"MIG-1": 0.0, "MIG-2": 0.75}
    assert of(first, "hw.gpu.memory.utilization")["MIG-1"] == 0.5
    assert owned(first, "ml.gpu.memory.usage") == {("iris", "MIG-1"): 4 << 30}
    assert owned(first, "ml.gpu.utilization") == {}
    assert {m.attributes["hw.parent"] for m in first if m.instance == "MIG-2"} == {"GPU-a"}
    assert nvml.samples == 2
    cards.close()
    assert (nvml.samples, nvml.opened) == (0, 0)


def test_parts_of_an_older_card_are_told_without_how_busy_they_are() -> None:
    nvml = FakeNvml(FakeCard("GPU-a", parts=[FakePart("MIG-1", 1)], counts=False))
    cards = Cards(lambda: nvml)
    cards.look({})

    measures = cards.look({})

    assert of(measures, "hw.gpu.utilization") == {}
    assert "MIG-1" in of(measures, "hw.gpu.memory.usage")
    assert nvml.samples == 0


def test_a_question_that_fails_leaves_out_its_value_alone() -> None:
    card = FakeCard("GPU-a", fails={"nvmlDeviceGetPowerUsage": "UNKNOWN"})

    measures = Cards(lambda: FakeNvml(card)).look({})

    assert of(measures, "hw.power") == {}
    assert of(measures, "hw.temperature") == {"GPU-a": 40}


def test_a_lost_card_is_told_once_and_the_others_go_on(caplog) -> None:
    caplog.set_level("INFO")
    lost = FakeCard("GPU-a")
    cards = Cards(lambda: FakeNvml(lost, FakeCard("GPU-b")))
    cards.look({})
    lost.fails["nvmlDeviceGetTemperature"] = "GPU_IS_LOST"

    measures = cards.look({})
    cards.look({})

    assert of(measures, "hw.temperature") == {"GPU-b": 40}
    states = {m.instance: m.attributes["hw.state"] for m in measures if m.counter == "hw.status"}
    assert states == {"0": "failed", "GPU-b": "ok"}
    assert [r.message for r in caplog.records] == ["graphics card 0 does not answer: GPU is lost"]


def test_a_driver_that_fails_in_the_middle_is_opened_again_later() -> None:
    nvml, clock = FakeNvml(FakeCard("GPU-a")), Clock()
    cards = Cards(lambda: nvml, clock)
    cards.look({})
    nvml.driver = "UNINITIALIZED"

    assert cards.look({}) == []
    nvml.driver = ""
    assert cards.look({}) == []
    clock.now += AGAIN

    assert of(cards.look({}), "hw.temperature") == {"GPU-a": 40}


def test_without_a_driver_it_says_so_once_and_asks_seldom(caplog) -> None:
    caplog.set_level("INFO")
    asked, clock = [], Clock()
    cards = Cards(lambda: asked.append(1), clock)

    for _ in range(5):
        assert cards.look({}) == []
    clock.now += AGAIN
    cards.look({})

    assert len(asked) == 2
    assert [r.message for r in caplog.records] == ["no GPU: NVIDIA's driver is not there"]
