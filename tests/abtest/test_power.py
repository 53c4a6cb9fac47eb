"""How many users a test needs."""

import pytest

from modelyard.abtest import power
from modelyard.domain.errors import BadInput

LOW, HIGH = power.rate_variance(0.05), power.rate_variance(0.06)


def test_the_fixed_size_is_the_textbooks() -> None:
    # (1.6449 + 0.8416)² (0.0475 + 0.0564) / 0.01²
    assert power.fixed_size(0.01, LOW, HIGH) == 6424


def test_looking_all_the_time_has_its_price_but_half_of_the_tests_end_earlier() -> None:
    fixed = power.fixed_size(0.01, LOW, HIGH, power=0.8)

    assert fixed < power.median_size(0.01, LOW, HIGH)
    assert power.median_size(0.01, LOW, HIGH) < power.sequential_size(0.01, LOW, HIGH)


def test_a_larger_effect_needs_fewer_users() -> None:
    sizes = [power.sequential_size(effect, LOW, HIGH) for effect in (0.005, 0.01, 0.05, 0.5)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 100


def test_the_sign_of_the_effect_does_not_matter() -> None:
    assert power.fixed_size(-0.01, LOW, HIGH) == power.fixed_size(0.01, LOW, HIGH)


@pytest.mark.parametrize("effect", [0.0, float("nan"), float("inf")])
def test_no_effect_can_never_be_found(effect: float) -> None:
    with pytest.raises(BadInput, match="effect"):
        power.sequential_size(effect, LOW, HIGH)


def test_an_effect_beyond_all_users_of_the_world_is_refused() -> None:
    with pytest.raises(BadInput, match="too small"):
        power.sequential_size(1e-12, LOW, HIGH)
