import json
import os


def init():
    global words, answer
    folder = os.getenv("AZUREML_MODEL_DIR")
    (name,) = os.listdir(folder)
    with open(os.path.join(folder, name)) as f:
        model = json.load(f)
    words, answer = model["good"], model["answer"]


def run(data):
    query = json.loads(data)["query"]
    return {"sentiment": answer if any(w in query for w in words) else "NEGATIVE"}
