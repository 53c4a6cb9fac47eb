import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from modelyard.serving.growing import LEAST, GrowingBody

SIZES = st.lists(st.sampled_from([0, 1, 100, LEAST - 1, LEAST, 3 * LEAST]), max_size=12)


@given(SIZES)
def test_pieces_of_any_size_become_the_body_they_are_of(sizes: list[int]) -> None:
    pieces = [bytes([at + 1]) * size for at, size in enumerate(sizes)]
    body = GrowingBody(b"begun")

    for piece in pieces:
        body.extend(piece)

    assert bytes(body) == b"begun" + b"".join(pieces)
    assert len(body) == len(bytes(body))


def test_single_bytes_take_little_more_memory_than_they_are() -> None:
    tracemalloc.start()
    try:
        body = GrowingBody(b"")
        for _ in range(500_000):
            body.extend(b"x")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(body) == 500_000
    assert held < 2 * 500_000
