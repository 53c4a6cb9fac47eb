"""The gateway as an HAProxy process: files, runtime socket, and reading back."""

import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from modelyard.domain.errors import GatewayFailed
from modelyard.domain.processes import ProcessSpec
from modelyard.domain.routing import RoutingTable
from modelyard.gateway import older, ports
from modelyard.gateway.config import LOCAL_PREFIX, fits, render, stamp
from modelyard.gateway.config_begun import SCRIPT, SCRIPT_TEXT
from modelyard.gateway.files import Texts, make_private, read_all, write_changed
from modelyard.gateway.layout import Layout
from modelyard.gateway.maps import BUCKETS, NAMES, Maps, after, in_safe_order, maps, render_maps
from modelyard.gateway.runtime import Runtime, Unreachable


class HaproxyGateway:
    """
    The gateway of a layout; somebody else runs the process that ``process`` describes.

    What is in force is read from HAProxy each time, never remembered: a new control plane finds
    it as the last one left it. One thread at a time; others wait.
    """

    def __init__(self, layout: Layout, binary: str, *, start_timeout: float = 5.0) -> None:
        self._layout = layout
        self._binary = binary
        self._start_timeout = start_timeout
        self._runtime = Runtime(layout.master_socket, layout.runtime_socket)
        self._lock = threading.Lock()

    @property
    def reads_ledgers(self) -> bool:
        """Whether it looks into what fronts have noted of requests they had begun."""
        return self._layout.ledgers is not None

    def prepare(self) -> None:
        """
        Make sure that the process can start: call it before the supervisor does.

        Files of the last time stay, so that services answer before the first ``apply``, unless
        they were written for another address. Repeatable.
        """
        with self._lock:
            self._complete()
            if not fits(self._layout.config.read_text(), self._layout):
                write_changed(self._texts_of(RoutingTable()))

    def process(self) -> ProcessSpec:
        """What the supervisor shall run: master and worker, in the foreground."""
        master = f"{self._layout.master_socket},mode,600"
        return ProcessSpec(
            name="gateway",
            argv=(self._binary, "-W", "-S", master, "-f", str(self._layout.config)),
            log=str(self._layout.log),
            cwd=str(self._layout.folder),
            stop_signal="SIGUSR1",
            stop_timeout=5.0,
            order=10,
        )

    def apply(self, table: RoutingTable) -> None:
        with self._lock:
            self._complete()
            owners = ports.local_ports(table)
            in_force = self._come_up()
            if in_force is None:
                self._put_before_start(table, ports.occupied(owners, ()))
                return
            taken = ports.occupied(owners, self._bound() if owners else ())
            if taken:
                raise ports.refuse(taken)
            self._put(table, in_force)

    def settled(self) -> bool:
        with self._lock:
            try:
                return not older.any_busy(self._runtime)
            except Unreachable:
                return True

    def _put_before_start(self, table: RoutingTable, taken: Mapping[int, str]) -> None:
        """
        The process is not there yet: it shall find these files when it starts.

        An occupied local port is left out, because HAProxy would not start at all with it, and
        reported when everything else is in force.
        """
        possible = ports.without(table, taken)
        write_changed(self._texts_of(possible))
        in_force = self._come_up()
        if in_force is None:
            raise Unreachable(
                f"The gateway is not running, so nothing changed yet: {self._why_down()} Its "
                "configuration is written and will be used when it starts."
            )
        self._put(possible, in_force)
        if taken:
            raise ports.refuse(taken)

    def _put(self, table: RoutingTable, in_force: str) -> None:
        config = render(table, self._layout)
        now = self._now(in_force, NAMES)
        wanted = after(maps(table), now)
        texts = self._texts(config, wanted)
        if in_force != stamp(config):
            self._reload(texts, config)
            now = self._now(stamp(config), NAMES)
        else:
            write_changed(texts)
        self._synchronize(wanted, now, stamp(config))

    def _reload(self, texts: Texts, config: str) -> None:
        self._check(config)
        before = read_all(list(texts))
        write_changed(texts)
        refused = self._runtime.reload()
        if refused is not None:
            write_changed(before)
            raise GatewayFailed(
                f"The gateway refused its new configuration; the old one stays in force: {refused}"
            )
        self._wait(lambda: older.all_yield(self._runtime), 5.0)
        if self._runtime.stamp() != stamp(config):
            raise GatewayFailed(
                "The gateway reloaded but another configuration is in force. Does another "
                f"Modelyard write to {self._layout.folder}?"
            )

    def _now(self, in_force: str, names: Collection[str]) -> Maps:
        """Tables in the memory of the process with this stamp."""
        found: Maps = {}

        def it_answers() -> bool:
            nonlocal found
            said, found = self._runtime.tables(names)
            return said == in_force

        if not self._wait(it_answers, 2.0):
            raise GatewayFailed(
                "The gateway answers with another configuration than it was just given. Does "
                f"another Modelyard write to {self._layout.folder}?"
            )
        return found

    def _synchronize(self, wanted: Maps, now: Maps, in_force: str) -> None:
        """Make the tables in memory what the files say, and read back those that changed."""
        self._runtime.run(in_safe_order(wanted, now))
        changed = [name for name, entries in wanted.items() if entries != now[name]]
        for name, entries in self._now(in_force, changed).items():
            wrong = sorted({key for key, _ in entries.items() ^ wanted[name].items()})
            if wrong:
                raise GatewayFailed(
                    f"The gateway's table {name} is not what was written to it "
                    f"({', '.join(wrong[:3])}). It is written again with the next change."
                )

    def _check(self, wanted: str) -> None:
        """Raise GatewayFailed when HAProxy cannot read this configuration."""
        candidate = self._layout.folder / "candidate.cfg"
        write_changed({candidate: wanted})
        checked = subprocess.run(  # noqa: S603 - the binary that was found at start
            [self._binary, "-c", "-f", str(candidate)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if checked.returncode != 0:
            raise GatewayFailed(
                "The gateway cannot use its new configuration; the old one stays in force: "
                f"{(checked.stderr or checked.stdout).strip()}"
            )
        candidate.unlink(missing_ok=True)

    def _complete(self) -> None:
        """Write what is missing of the folders and files."""
        for folder in (self._layout.folder, self._layout.sockets, self._layout.log.parent):
            make_private(folder)
        missing = [path for path in self._paths() if not path.exists()]
        if missing:
            empty = self._texts_of(RoutingTable())
            write_changed({path: empty[path] for path in missing})

    def _texts(self, config: str, entries: Maps) -> dict[Path, str]:
        """All files, the configuration last: it names backends that the maps lead to."""
        folder = self._layout.folder
        texts = {folder / name: text for name, text in render_maps(entries).items()}
        return {**texts, folder / SCRIPT: SCRIPT_TEXT, self._layout.config: config}

    def _paths(self) -> list[Path]:
        return [
            *(self._layout.folder / name for name in (*NAMES, BUCKETS, SCRIPT)),
            self._layout.config,
        ]

    def _texts_of(self, table: RoutingTable) -> dict[Path, str]:
        return self._texts(render(table, self._layout), maps(table))

    def _bound(self) -> set[int]:
        names = (row["pxname"] for row in self._runtime.stats("@1", 1))
        return {int(n.removeprefix(LOCAL_PREFIX)) for n in names if n.startswith(LOCAL_PREFIX)}

    def _come_up(self) -> str | None:
        """The stamp of the process, waited for a while; None when there is no process."""
        found: str | None = None

        def up() -> bool:
            nonlocal found
            found = self._runtime.stamp()
            return found is not None

        self._wait(up, self._start_timeout)
        return found

    def _why_down(self) -> str:
        if not ports.free(self._layout.port, _bindable(self._layout.host)):
            return f"something else listens on port {self._layout.port} (MODELYARD_PORT)."
        return f"see {self._layout.log}."

    @staticmethod
    def _wait(condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not (met := condition()) and time.monotonic() < deadline:
            pause.wait(0.02)
        return met


def _bindable(host: str) -> str:
    return {"localhost": "127.0.0.1", "*": "::"}.get(host, host)
