"""
The families that ``/metrics`` has, by OpenTelemetry's conventions as Prometheus writes them.

Dots become underscores, the unit a suffix; what only grows ends in ``_total``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_SUFFIXES = {"By": "bytes", "s": "seconds", "Cel": "celsius", "W": "watts", "J": "joules"}


@dataclass(frozen=True, slots=True)
class Family:
    """``name`` is without ``_total``; ``kind`` is gauge, counter, histogram or summary."""

    name: str
    kind: str
    unit: str
    about: str
    counter: str = ""
    """OpenTelemetry's name."""
    measured: str = ""
    """OpenTelemetry's unit."""

    @property
    def key(self) -> str:
        """The name as queries write it: with ``_total`` for counters."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


def family(counter: str, unit: str, kind: str, about: str = "") -> Family:
    """The family of OpenTelemetry's name and unit."""
    name = counter.replace(".", "_")
    suffix = _SUFFIXES.get(unit, "ratio" if unit == "1" and kind == "gauge" else "")
    if suffix and not name.endswith(f"_{suffix}"):
        name = f"{name}_{suffix}"
    return Family(name, kind, suffix, about, counter, unit)


DURATION = family(
    "http.server.request.duration", "s", "histogram", "Time from a request's head to its answer."
)
RECEIVED = family("http.server.request.body.size", "By", "summary", "Sizes of bodies that came.")
SENT = family("http.server.response.body.size", "By", "summary", "Sizes of bodies that went.")
RUN = family("ml.inference.duration", "s", "histogram", "Time in run() or in the model.")
QUEUE = family(
    "ml.inference.queue.duration", "s", "histogram", "Time until a worker was given a request."
)
BATCH = family("ml.inference.batch.size", "", "histogram", "Requests that were run together.")
LINES = family("ml.log.records", "", "counter", "Log lines by severity.")
FAILURES = family("ml.exceptions", "", "counter", "Exceptions by type.")
CUSTOM = family("ml.custom.metric", "", "summary", "What scripts measured, by its name.")
REFUSED = family(
    "ml.collector.label.sets.refused",
    "",
    "counter",
    "Rows counted under otel_metric_overflow, because their family has label sets enough.",
)

_SAMPLED = """\
process.cpu.time                   s                 counter Processor time of a service version.
process.cpu.utilization            1                 gauge   Share of all processors that it uses.
process.memory.usage               By                gauge   Resident memory of its processes.
process.memory.virtual             By                gauge   Address space of its processes.
process.memory.pss                 By                gauge   Memory; what is shared counts in part.
process.thread.count               {thread}          gauge   Threads of its processes.
process.open_file_descriptor.count {file_descriptor} gauge   Open files and sockets.
process.disk.io                    By                counter Bytes read from and written to disks.
process.count                      {process}         gauge   Its front and workers.
system.cpu.time                    s                 counter Processor time of the machine by mode.
system.cpu.utilization             1                 gauge   Share of all processors that is used.
system.cpu.logical.count           {cpu}             gauge   Processors.
system.cpu.load_average.1m         {thread}          gauge   Threads that run or wait for it.
system.process.count               {process}         gauge   Processes of the machine.
system.thread.count                {thread}          gauge   Threads of the machine.
system.open_file_descriptor.count  {file_descriptor} gauge   Open files of the machine.
system.memory.usage                By                gauge   Memory of the machine by state.
system.memory.limit                By                gauge   Memory that the machine has.
system.memory.utilization          1                 gauge   Share of memory that is used.
system.filesystem.usage            By                gauge   Room on the disk of the home.
system.filesystem.utilization      1                 gauge   Share of that disk that is used.
system.disk.io                     By                counter Bytes read from and written to disks.
system.network.io                  By                counter Bytes over network interfaces.
hw.gpu.utilization                 1                 gauge   Share of time that a card computed.
hw.gpu.encoder.utilization         1                 gauge   Share of time that it encoded video.
hw.gpu.decoder.utilization         1                 gauge   Share of time that it decoded video.
hw.gpu.memory.usage                By                gauge   Memory of a card that is used.
hw.gpu.memory.limit                By                gauge   Memory that a card has.
hw.gpu.memory.utilization          1                 gauge   Share of its memory that is used.
hw.temperature                     Cel               gauge   Temperature of a card.
hw.power                           W                 gauge   Power that a card takes.
hw.energy                          J                 counter Energy since the driver was loaded.
hw.errors                          {error}           counter Memory errors of a card.
hw.status                          {status}          gauge   1 for the state that a card is in.
ml.gpu.memory.usage                By                gauge   Memory of a card that a version uses.
ml.gpu.utilization                 1                 gauge   Share of a card's time that it uses.
ml.collector.dropped               {record}          counter Records that were lost, by the reason.
ml.collector.rows                  {row}             counter Rows that were taken, by their table.
"""


def _read(text: str) -> Mapping[str, Family]:
    rows = (line.split(maxsplit=3) for line in text.strip().splitlines())
    return {name: family(name, unit, kind, about) for name, unit, kind, about in rows}


SAMPLED: Mapping[str, Family] = _read(_SAMPLED)
"""By OpenTelemetry's name, those that samplers and the collector measure."""

ALL: tuple[Family, ...] = (
    DURATION,
    RECEIVED,
    SENT,
    RUN,
    QUEUE,
    BATCH,
    LINES,
    FAILURES,
    CUSTOM,
    REFUSED,
    *SAMPLED.values(),
)
