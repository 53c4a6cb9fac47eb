import pytest

from modelyard.domain.errors import BadInput
from modelyard.stores import documents


@pytest.mark.parametrize(
    "document", [{}, {"值": "é\n\t"}, {"a": [1, 2.5, None, True, {"b": {}}]}, {"a": "\\u0000"}]
)
def test_a_document_is_read_as_it_was_written(document: object) -> None:
    assert documents.decode(documents.encode(document)) == document


@pytest.mark.parametrize(
    "document",
    [{"a": float("nan")}, {"a": "x\0"}, {"x\0": 1}, {"a": [["\0"]]}, {"a": "\ud800"}, {"a": {1}}],
)
def test_what_some_database_cannot_keep_is_refused(document: object) -> None:
    with pytest.raises(BadInput, match="cannot be kept"):
        documents.encode(document)
