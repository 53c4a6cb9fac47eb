import json
import os

from azureml.core import Model


class AutoModel:
    """Stands in for transformers' class: reads config.json from a folder, as it does."""

    @classmethod
    def from_pretrained(cls, path, from_tf=False):
        with open(os.path.join(path, "config.json")) as f:
            good = json.load(f)["good"]
        return lambda text: "POSITIVE" if any(word in text for word in good) else "NEGATIVE"


def init():
    global model
    model_path = os.getenv("AZUREML_MODEL_DIR")
    model = AutoModel.from_pretrained(model_path,
                                      from_tf=True)


def run(request):
    try:
        data = json.loads(request)
        text = data['query']
        sentiment = model(text)
        result = {'sentiment': sentiment}
        return result
    except Exception as e:
        return str(e)
