"""TorchScript, exported programs and Hugging Face pipelines, in real workers."""

import json

import numpy as np
import pytest

from tests.modelyard_worker.nocode.environments import run_in

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(8, 4)).astype("f4")
NETWORK = """
import json, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
torch.manual_seed(0)
X = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 4)).astype("f4"))
network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).eval()
json.dump(network(X).tolist(), open("expected.json", "w"))
"""


def expected(tmp_path):
    return json.loads((tmp_path / "expected.json").read_text())


def test_torchscript_is_typed_by_its_first_layer(serve_model, torch, tmp_path):
    run_in(torch, NETWORK + "torch.jit.script(network).save('model.pt')", tmp_path)

    worker = serve_model("PyTorch", tmp_path / "model.pt", python=torch)

    assert list(worker.inputs.values()) == [("FP32", [-1, 4])]
    assert worker.outputs == {"predict": ("FP32", [-1, 2])}
    found = worker.predict(input=X)["predict"]
    np.testing.assert_allclose(found, expected(tmp_path), rtol=1e-5, atol=1e-6)
    assert worker.facts["batching"]["on"]
    status, body = worker.refusal(input=X[:, :3])
    assert (status, body["field"]) == (400, "input")


def test_an_exported_program_tells_everything(serve_model, torch, tmp_path):
    run_in(
        torch,
        NETWORK
        + """
rows = torch.export.Dim("rows")
program = torch.export.export(network, (X,), dynamic_shapes=({0: rows},))
torch.export.save(program, "model.pt2")
torch.export.save(torch.export.export(network, (X[:1],)), "one.pt2")
""",
        tmp_path,
    )

    worker = serve_model("torch", tmp_path / "model.pt2", python=torch)
    fixed = serve_model("torch", tmp_path / "one.pt2", python=torch)

    assert list(worker.inputs.values()) == [("FP32", [-1, 4])]
    assert worker.outputs == {"predict": ("FP32", [-1, 2])}
    found = worker.predict(input=X)["predict"]
    np.testing.assert_allclose(found, expected(tmp_path), rtol=1e-5, atol=1e-6)
    assert worker.facts["batching"]["on"]
    assert list(fixed.inputs.values()) == [("FP32", [1, 4])]
    assert "takes exactly 1 rows" in fixed.facts["batching"]["why"]


def test_a_state_dict_is_no_model(fail_model, torch, tmp_path):
    run_in(torch, NETWORK + "torch.save(network.state_dict(), 'model.pt')", tmp_path)

    fault = fail_model("PyTorch", tmp_path, python=torch)

    assert "neither TorchScript nor an exported program" in fault["message"]
    assert "torch.export.save" in fault["hint"]


PIPELINE = """
import json
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast
import torch
torch.manual_seed(0)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "very", "a"]
tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]",
                               cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1,
                    num_attention_heads=2, intermediate_size=16, max_position_embeddings=32,
                    id2label={0: "NEGATIVE", 1: "POSITIVE"},
                    label2id={"NEGATIVE": 0, "POSITIVE": 1})
"""
CLASSIFIER = """
model = BertForSequenceClassification(config).eval()
model.save_pretrained("model"); fast.save_pretrained("model")
texts = ["a very good film", "bad"]
with torch.no_grad():
    logits = [model(**dict(fast(t, return_tensors="pt").items())).logits[0] for t in texts]
json.dump([torch.softmax(row, 0).tolist() for row in logits], open("expected.json", "w"))
"""


def test_a_text_classifier_gives_labels_scores_and_probabilities(serve_model, torch, tmp_path):
    run_in(torch, PIPELINE + CLASSIFIER, tmp_path)
    sample = [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["a good film", "bad"]}]

    worker = serve_model("HuggingFace", tmp_path / "model", python=torch, sample=sample)

    assert worker.inputs == {"text": ("BYTES", [-1])}
    assert worker.outputs == {"label": ("BYTES", [-1]), "score": ("FP64", [-1])}
    wanted = np.array(expected(tmp_path))
    texts = ["a very good film", "bad"]
    found = worker.predict(text=texts)
    names = np.array(["NEGATIVE", "POSITIVE"])
    assert found["label"].tolist() == names[wanted.argmax(1)].tolist()
    np.testing.assert_allclose(found["score"], wanted.max(1), rtol=1e-4)
    probabilities = worker.predict("predict_proba", text=texts)["predict_proba"]
    np.testing.assert_allclose(probabilities, wanted, rtol=1e-4)
    assert worker.facts["batching"]["on"]


def test_the_model_card_says_the_task_and_ragged_answers_are_json(serve_model, torch, tmp_path):
    run_in(
        torch,
        PIPELINE
        + """
from transformers import BertForMaskedLM
BertForMaskedLM(config).save_pretrained("model"); fast.save_pretrained("model")
open("model/README.md", "w").write("---\\npipeline_tag: fill-mask\\n---\\n# A film critic\\n")
""",
        tmp_path,
    )

    worker = serve_model("transformers", tmp_path, python=torch)

    assert worker.signature["platform"] == "transformers_fill_mask"
    assert worker.facts["batching"]["on"] is False
    assert "register the model with a sample" in worker.facts["batching"]["why"]
    (answer,) = worker.predict(text=["a [MASK] film"])["predict"]
    assert len(json.loads(answer)["answer"]) == 5


def test_questions_and_contexts_are_columns(serve_model, torch, tmp_path):
    run_in(
        torch,
        PIPELINE
        + """
from transformers import BertForQuestionAnswering
BertForQuestionAnswering(config).save_pretrained("model"); fast.save_pretrained("model")
open("model/README.md", "w").write("---\\npipeline_tag: text-classification\\n---\\n")
from transformers import BertModel
BertModel(config).save_pretrained("bare"); fast.save_pretrained("bare")
""",
        tmp_path,
    )

    worker = serve_model("hf", tmp_path / "bare", python=torch)

    assert worker.signature["platform"] == "transformers_feature_extraction"
    found = worker.predict(text=["a good film", "bad"])["predict"]
    assert len(found) == 2
