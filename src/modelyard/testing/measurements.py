"""What telemetry would say of two versions, as a test wants it."""

from modelyard.domain.errors import Unavailable
from modelyard.domain.measuring import Measured, Question


class FakeMeasurements:
    """
    ``Measurements`` that answers with ``answer``, or with the next of ``answers`` while there are.

    ``asked`` are the questions so far. With ``failure`` set, ``measure`` raises Unavailable.
    """

    def __init__(self, *answers: Measured) -> None:
        self.answers = list(answers)
        self.answer = Measured()
        self.asked: list[Question] = []
        self.failure = ""

    def measure(self, question: Question) -> Measured:
        self.asked.append(question)
        if self.failure:
            raise Unavailable(self.failure)
        return self.answers.pop(0) if self.answers else self.answer
