import contextlib
import io
import random
from typing import Any

import nanoarrow
import pytest
from nanoarrow.ipc import InputStream, StreamWriter

from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors import arrow
from modelyard.serving.tensors.tensor import Tensor, pack


def tensor(name: str, datatype: str, shape: tuple[int, ...], values: Any) -> Tensor:
    return Tensor(name, datatype, shape, pack(datatype, values))


EVERY = [
    tensor("f64", "FP64", (2,), [1.5, 2.5]),
    tensor("f32", "FP32", (2, 1), [1.5, 2.5]),
    tensor("half", "FP16", (2,), [1.5, 2.5]),
    *(tensor(f"i{n}", f"INT{n}", (2,), [-1, 7]) for n in (8, 16, 32, 64)),
    *(tensor(f"u{n}", f"UINT{n}", (2,), [1, 7]) for n in (8, 16, 32, 64)),
    tensor("truth", "BOOL", (2,), [True, False]),
    tensor("text", "BYTES", (2,), ["ß", None]),
    tensor("rows", "FP64", (2, 3), range(6)),
    tensor("cube", "INT32", (2, 2, 2), range(8)),
]


def stream(columns: dict[str, Any]) -> bytes:
    arrays = [nanoarrow.c_array(values, kind) for values, kind in columns.values()]
    kind = nanoarrow.struct({name: kind for name, (_, kind) in columns.items()})
    table = nanoarrow.c_array_from_buffers(kind, arrays[0].length, [None], children=arrays)
    out = io.BytesIO()
    with StreamWriter.from_writable(out) as writer:
        writer.write_array(table)
    return out.getvalue()


@pytest.mark.parametrize("file", [False, True])
def test_every_datatype_comes_back_from_a_stream_and_from_a_file(file: bool) -> None:
    body = arrow.written(EVERY, file=file)

    found = {each.name: each for each in arrow.read(body)}

    assert body.startswith(arrow.MAGIC) is file
    for each in EVERY:
        again = found[each.name]
        # lists are read value by value: a model casts them to what it takes
        assert again.datatype == ("INT64" if each.name == "cube" else each.datatype)
        assert again.values() == each.values()
        assert again.shape[:1] == (2,)
        assert again.shape[1:] == (each.shape[1:] or (1,))


def test_nulls_are_nan_among_numbers_and_missing_among_texts() -> None:
    body = stream(
        {
            "a": ([1.5, None], nanoarrow.float64()),
            "b": ([1, None], nanoarrow.int64()),
            "c": (["x", None], nanoarrow.string()),
        }
    )

    a, b, c = arrow.read(body)

    assert str(a.values()) == "[1.5, nan]"
    assert str(b.values()) == "[1.0, nan]"
    assert c.values() == ["x", None]


def test_dates_are_texts() -> None:
    body = stream({"when": ([0, 1], nanoarrow.timestamp("s"))})

    assert arrow.read(body)[0].values() == ["1970-01-01T00:00:00", "1970-01-01T00:00:01"]


@pytest.mark.parametrize("body", [b"", b"no arrow at all", arrow.MAGIC, b"\xff\xff\xff\xff"])
def test_what_is_no_arrow_is_a_400(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        arrow.read(body)

    assert refused.value.status == 400


def test_a_table_without_rows_is_a_400() -> None:
    with pytest.raises(Refusal, match="without rows"):
        arrow.read(stream({"a": ([], nanoarrow.float64())}))


def test_outputs_of_different_lengths_are_no_table() -> None:
    parts = [tensor("a", "FP64", (1,), [1]), tensor("b", "FP64", (2,), [1, 2])]

    with pytest.raises(ValueError, match="different numbers of rows"):
        arrow.written(parts, file=False)


def test_broken_streams_are_refused_and_do_no_harm() -> None:
    whole = arrow.written(EVERY, file=False)
    chance = random.Random(5)

    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        cut = bytes(broken[: chance.choice([len(broken), chance.randrange(len(broken))])])
        with contextlib.suppress(Refusal):
            for each in arrow.read(cut):
                each.values()

    assert nanoarrow.Array(InputStream.from_readable(whole)).n_children == len(EVERY)
