"""
The special functions and searches that the methods need and ``math`` lacks.

Formulas: Abramowitz and Stegun 1964, chapters 6, 23 and 26; Temme 1979 for large shapes of the
gamma distribution; modified Lentz for continued fractions.
"""

from collections.abc import Callable
from math import erfc, exp, expm1, fsum, inf, lgamma, log, log1p, pi, sqrt

from modelyard.domain.errors import BadInput

_TINY = 1e-300
_CLOSE = 1e-15
_TEMME_0 = (-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600, 1 / 25515)
_TEMME_1 = (-1 / 540, -1 / 288, 1 / 378, -77 / 77760, 1 / 4860)


def log_normal_cdf(x: float) -> float:
    """The logarithm of the standard normal distribution function."""
    if x > -30:
        return log(0.5 * erfc(-x / sqrt(2)))
    return -0.5 * x * x - log(-x * sqrt(2 * pi)) + log1p(-1 / (x * x))


def log_beta(a: float, b: float) -> float:
    """The logarithm of the beta function."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def zeta(s: float) -> float:
    """Riemann's zeta for ``s`` above 1, by Euler and Maclaurin."""
    n = 20.0
    head = fsum(float(k) ** -s for k in range(1, 20))
    tail = n ** (1.0 - s) / (s - 1) + 0.5 * n**-s
    term = s * n ** (-s - 1) / 12
    correction = term - s * (s + 1) * (s + 2) * n ** (-s - 3) / 720
    correction += s * (s + 1) * (s + 2) * (s + 3) * (s + 4) * n ** (-s - 5) / 30240
    total: float = head + tail + correction
    return total


def log_gamma_p(a: float, x: float) -> float:
    """The logarithm of the regularised lower incomplete gamma function P(a, x)."""
    if x <= 0:
        return -inf
    mean = (x - a) / a
    if a > 1e4 and -3 / sqrt(a) < mean < 0.3:
        return _temme(a, mean)
    front = a * log(x) - x - lgamma(a)
    if x < a + 1:
        return front + log(_gamma_series(a, x))
    upper = exp(front) * _gamma_fraction(a, x)
    return log1p(-min(upper, 1 - _TINY))


def _gamma_series(a: float, x: float) -> float:
    term = total = 1 / a
    step = a
    while term > total * _CLOSE:
        step += 1
        term *= x / step
        total += term
    return total


def _gamma_fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    result = d
    for i in range(1, 100_000):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b or _TINY)
        c = b + an / c or _TINY
        result *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return result


def _temme(a: float, mean: float) -> float:
    """P(a, x) near x = a for a large a: error under 1e-12 of P where it is not tiny."""
    phi = mean - log1p(mean)
    eta = sqrt(2 * max(phi, 0)) * (1 if mean >= 0 else -1)
    first = sum(c * eta**k for k, c in enumerate(_TEMME_0))
    second = sum(c * eta**k for k, c in enumerate(_TEMME_1))
    rest = exp(-a * phi) / sqrt(2 * pi * a) * (first + second / a)
    p = 0.5 * erfc(-eta * sqrt(a / 2)) - rest
    return log(p) if p > 0 else log(_TINY)


def log_beta_inc(a: float, b: float, x: float) -> float:
    """The logarithm of the regularised incomplete beta function I_x(a, b)."""
    if x <= 0:
        return -inf
    if x >= 1:
        return 0.0
    front = a * log(x) + b * log1p(-x) - log_beta(a, b)
    if x < (a + 1) / (a + b + 2):
        return min(0.0, front + log(_beta_fraction(a, b, x) / a))
    upper = front + log(_beta_fraction(b, a, 1 - x) / b)
    return log(-expm1(min(upper, -_CLOSE)))


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    result = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + even * d or _TINY)
        c = 1 + even / c or _TINY
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + odd * d or _TINY)
        c = 1 + odd / c or _TINY
        result *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return result


def root(
    function: Callable[[float], float], low: float, high: float, halvings: int = 200
) -> float:
    """Where an increasing function crosses zero, by halving; the default: to the last bit."""
    for _ in range(halvings):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def root_above(function: Callable[[float], float], start: float) -> float:
    """Where a function that grows without bound from below zero at 0 crosses it."""
    high = start
    for _ in range(1100):
        if function(high) > 0:
            return root(function, 0.0, high)
        high *= 2
    raise BadInput("No bound can be found for these numbers; are they far out of range?")


def minimum(function: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Where a function with one valley is least between ``low`` and ``high``, and how much."""
    ratio = (sqrt(5) - 1) / 2
    a, b = low, high
    left, right = b - ratio * (b - a), a + ratio * (b - a)
    at_left, at_right = function(left), function(right)
    for _ in range(80):
        if at_left <= at_right:
            b, right, at_right = right, left, at_left
            left = b - ratio * (b - a)
            at_left = function(left)
        else:
            a, left, at_left = left, right, at_right
            right = a + ratio * (b - a)
            at_right = function(right)
    return (left, at_left) if at_left <= at_right else (right, at_right)
