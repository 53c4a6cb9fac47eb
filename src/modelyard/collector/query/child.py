"""The loop of a query process: one question after the other, each until it is answered or over."""

import os
import queue
import socket
import threading
from collections.abc import Mapping, Sequence

import duckdb
import msgspec

from modelyard.collector.query.engine import answer
from modelyard.collector.query.messages import (
    LENGTH,
    Ask,
    Failed,
    Files,
    FromProcess,
    Needs,
    Stop,
    ToProcess,
)
from modelyard.domain.errors import BadInput, Conflict, ModelyardError, NoCapacity, Timeout

_FIRST_LINES = 12


class Child:
    """Answers what comes over a socket; its end is the process's."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, channel: socket.socket, memory: int
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._memory = memory
        self._asked: queue.SimpleQueue[Ask] = queue.SimpleQueue()
        self._files: queue.SimpleQueue[Files | Stop] = queue.SimpleQueue()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ToProcess).decode
        self._current: Ask | None = None
        self._over = ""

    def run(self) -> None:
        """Answer until the process is ended."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        while True:
            ask = self._asked.get()
            timer = threading.Timer(ask.seconds, self._interrupt, ["time", ask])
            timer.daemon = True
            timer.start()
            try:
                self._answer(ask)
            finally:
                timer.cancel()

    def _answer(self, ask: Ask) -> None:
        try:
            for part in answer(self._connection, ask, self._fetch):
                if self._over:
                    raise duckdb.InterruptException
                self._send(part)
        except ModelyardError as error:
            self._send(Failed(error.code, error.message))
        except duckdb.InterruptException:
            self._send(self._stopped(ask))
        except (duckdb.OutOfMemoryException, MemoryError):
            self._send(self._too_much())
        except (duckdb.FatalException, duckdb.InternalException) as error:
            self._send(Failed(BadInput.code, _said(error), broken=True))
        except duckdb.IOException as error:
            # a file that retention took away, or a write that was refused
            self._send(Failed("unavailable", _said(error), broken=True))
        except (duckdb.Error, TypeError, ValueError, UnicodeError, RecursionError) as error:
            self._send(Failed(BadInput.code, _said(error)))

    def _stopped(self, ask: Ask) -> Failed:
        if self._over == "stop":
            return Failed(Conflict.code, "The query was cancelled.")
        return Failed(
            Timeout.code,
            f"The query did not end within {ask.seconds:g} seconds. Ask for less time (WHERE "
            "timestamp > …), fewer columns, or give it longer (timeout).",
        )

    def _too_much(self) -> Failed:
        return Failed(
            NoCapacity.code,
            f"The query needs more than the {self._memory // 1024**2} MB that queries have. Ask "
            "for less time (WHERE timestamp > …), fewer columns or groups, or raise "
            "MODELYARD_QUERY_MEMORY.",
            broken=True,
        )

    def _fetch(self, tables: Sequence[str]) -> Mapping[str, str]:
        if self._over:
            raise duckdb.InterruptException
        if not tables:
            return {}
        self._send(Needs(tables))
        files = self._files.get()
        if isinstance(files, Stop):
            raise duckdb.InterruptException
        return files.selects

    def _send(self, message: FromProcess) -> None:
        data = self._encode(message)
        self._channel.sendall(LENGTH.pack(len(data)) + data)

    def _listen(self) -> None:
        try:
            while True:
                (length,) = LENGTH.unpack(self._read(LENGTH.size))
                message = self._decode(self._read(length))
                if isinstance(message, Ask):
                    self._current, self._over = message, ""
                    self._files = queue.SimpleQueue()
                    self._asked.put(message)
                elif isinstance(message, Files):
                    self._files.put(message)
                else:
                    self._interrupt("stop", self._current)
        except (OSError, EOFError):
            os._exit(0)  # who asked is gone, also while a query runs

    def _interrupt(self, why: str, ask: Ask | None) -> None:
        if ask is not self._current:  # a timer that fired while its query ended
            return
        self._over = self._over or why
        self._files.put(Stop())
        self._connection.interrupt()

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = self._channel.recv(count - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)


def _said(error: Exception) -> str:
    """DuckDB's words, without what only who works on DuckDB needs."""
    lines = str(error).strip().splitlines()
    text = "\n".join(lines[:_FIRST_LINES])
    return text or type(error).__name__
