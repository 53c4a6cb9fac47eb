import pytest

from modelyard.domain.errors import BY_CODE, ModelyardError, NotFound
from modelyard.sdk.client import error_of
from modelyard.sdk.errors import (
    AzureMLException,
    NotSupportedException,
    UserErrorException,
    WebserviceException,
    as_azure,
    not_supported,
    raised_as,
)


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_a_servers_error_is_raised_again_in_its_own_class_and_azures(code: str) -> None:
    body = f'{{"code": "{code}", "message": "why", "details": {{"a": 1}}}}'.encode()

    error = as_azure(error_of(400, body), WebserviceException)

    assert isinstance(error, WebserviceException)
    assert isinstance(error, BY_CODE[code])
    assert (error.code, error.message, error.details["a"]) == (code, "why", 1)
    assert str(error) == "why"


def test_an_answer_that_is_no_problem_is_told_by_its_status() -> None:
    error = error_of(404, b"<html>nothing</html>")

    assert isinstance(error, NotFound)
    assert "404" in error.message


def test_azures_own_error_keeps_its_class() -> None:
    with pytest.raises(UserErrorException) as raised, raised_as(WebserviceException):
        raise UserErrorException("mine")

    assert not isinstance(raised.value, WebserviceException)


def test_the_same_pair_is_the_same_class() -> None:
    first = as_azure(NotFound("a"), WebserviceException)
    second = as_azure(NotFound("b"), WebserviceException)

    assert type(first) is type(second)


def test_what_is_not_supported_is_caught_under_three_names() -> None:
    error = not_supported("Thing", "Use another.")

    assert isinstance(error, NotSupportedException | AzureMLException)
    assert isinstance(error, NotImplementedError)
    assert isinstance(error, ModelyardError)
    assert "Use another." in str(error)
