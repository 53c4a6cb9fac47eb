import contextlib
import io
import random
import struct
from collections.abc import Sequence
from typing import Any

import nanoarrow
import pytest
from nanoarrow.ipc import InputStream, StreamWriter

from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors import arrow
from modelyard.serving.tensors.arrow_types import Header, Type
from modelyard.serving.tensors.flatbuffer import Node, Structs, Text, Vector, written
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


def message(kind: Header, content: Node, body: bytes = b"") -> bytes:
    head = written(Node([("h", 4), ("B", kind), content, ("q", len(body))]))
    return struct.pack("<II", 0xFFFFFFFF, len(head)) + head + body


def field(name: str, kind: Type, children: Sequence[Node] = (), encoding: Any = None) -> Node:
    facts = Node([("i", 8), ("?", 1)] if kind is Type.INT else [])
    return Node([Text(name), ("?", 1), ("B", kind), facts, encoding, Vector(list(children))])


def schema(*fields: Node) -> bytes:
    return message(Header.SCHEMA, Node([("h", 0), Vector(fields)]))


def batch(rows: int, columns: int, buffers: Sequence[tuple[int, int]], body: bytes) -> bytes:
    nodes = Structs("qq", [(rows, 0)] * columns)
    return message(Header.BATCH, Node([("q", rows), nodes, Structs("qq", buffers)]), body)


def test_columns_of_nothing_do_not_grow_without_end() -> None:
    many = schema(*(field(f"c{n}", Type.NULL) for n in range(2000)))

    with pytest.raises(Refusal, match="more than is taken"):
        arrow.read(many + batch(len(many), 2000, [], b""))


def test_columns_that_share_their_data_are_refused() -> None:
    many = schema(*(field(f"c{n}", Type.INT) for n in range(200)))
    data = bytes(50_000)

    with pytest.raises(Refusal, match="more data than there is"):
        arrow.read(many + batch(len(data), 200, [(0, 0), (0, len(data))] * 200, data))


def test_a_schema_that_tells_the_same_field_again_and_again_costs_nothing() -> None:
    inmost = field("x", Type.INT)
    for _ in range(7):
        inmost = field("x", Type.INT, [inmost, *([field("y", Type.INT)] * 99)])
    body = bytearray(schema(inmost))
    places = [at for at in range(0, len(body) - 4, 4) if body[at : at + 4] == b"\x64\0\0\0"]
    for at in places:  # each one's hundred children become its first one
        (first,) = struct.unpack_from("<I", body, at + 4)
        for number in range(100):
            struct.pack_into("<I", body, at + 4 + 4 * number, first - 4 * number)

    with pytest.raises(Refusal, match="without rows"):
        arrow.read(bytes(body))
    assert len(places) == 7


def test_a_list_of_several_things_is_refused() -> None:
    two = [field("x", Type.INT), field("y", Type.INT)]

    with pytest.raises(Refusal, match="list of nothing"):
        arrow.read(schema(field("c", Type.LIST, two)))


def test_a_dictionary_of_lists_is_refused() -> None:
    item = field("item", Type.INT)
    encoding = Node([("q", 1), None, ("?", 0)])

    with pytest.raises(Refusal, match="dictionary of lists"):
        arrow.read(schema(field("c", Type.LIST, [item], encoding)))


def test_a_name_of_a_schema_has_an_end() -> None:
    with pytest.raises(Refusal, match="a name has 20000 bytes"):
        arrow.read(schema(field("n" * 20_000, Type.INT)))


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
