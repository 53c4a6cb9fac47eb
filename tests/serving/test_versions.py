"""What a front says of its version, and what it keeps to itself of how traffic is shared out."""

from collections.abc import Callable

from tests.serving.fronts import Front

Start = Callable[..., Front]

RAW = """
from azureml.contrib.services.aml_request import rawhttp, AMLRequest
from azureml.contrib.services.aml_response import AMLResponse
import json
def init(): pass
@rawhttp
def run(request):
    said = AMLResponse(json.dumps(dict(request.headers)), 200)
    said.headers["azureml-model-deployment"] = "mine"
    said.headers["x-own"] = "kept"
    return said
"""


def test_every_answer_says_which_version_gave_it(start: Start) -> None:
    front = start()

    answers = [
        front.score(),
        front.ask("GET", "/"),
        front.ask("GET", "/nowhere"),
        front.ask("DELETE", body={}),
        front.ask("GET", "/swagger.json"),
    ]

    assert [a.status for a in answers] == [200, 200, 404, 405, 200]
    assert {a.headers["azureml-model-deployment"] for a in answers} == {"blue"}


def test_a_script_sees_who_asked_for_its_version_and_not_how_traffic_is_shared_out(
    start: Start,
) -> None:
    front = start(RAW)
    sent = {
        "azureml-model-deployment": "blue",
        "x-modelyard-bucket": "7",
        "x-modelyard-user": "00ff",
        "x-modelyard-chosen": "1",
        "x-mine": "seen",
    }

    answer = front.ask(body={}, headers=sent)

    seen = {name.lower(): value for name, value in answer.json.items()}
    assert (seen["azureml-model-deployment"], seen["x-mine"]) == ("blue", "seen")
    assert not [name for name in seen if name.startswith("x-modelyard-")]


def test_a_script_cannot_claim_to_be_another_version(start: Start) -> None:
    front = start(RAW)

    answer = front.ask(body={}, headers={})

    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["x-own"] == "kept"
