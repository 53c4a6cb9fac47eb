"""MLServer's own way to serve what it has no runtime for."""

import numpy
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from scoring import load, numbers


class Scorer(MLModel):
    async def load(self) -> bool:
        self.model = load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        answer = numpy.asarray(numbers(self.model(rows)))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("predict", answer)]
        )
