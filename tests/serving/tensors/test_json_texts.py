import pytest

from modelyard.serving.refusals import Refusal
from modelyard.serving.tensors.from_json import decoded


@pytest.mark.parametrize("body", [b'{"\\ud800": NaN}', b'[{"data": "\\udfff"}, Infinity]'])
def test_half_a_surrogate_pair_is_no_text_even_beside_nan(body: bytes) -> None:
    """No answer could repeat it: the caller would wait for one for ever."""
    with pytest.raises(Refusal) as refused:
        decoded(body)

    assert refused.value.status == 400


def test_a_whole_pair_beside_nan_is_taken() -> None:
    assert decoded(b'["\\ud83d\\ude00", Infinity]') == ["\U0001f600", float("inf")]
