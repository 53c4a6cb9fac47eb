"""LitServe: `python litserve_app.py PORT [BATCH]`."""

import sys
from typing import Any

import litserve
from scoring import load, numbers


class Scorer(litserve.LitAPI):
    def setup(self, _: str) -> None:
        self.model = load()

    def decode_request(self, request: dict[str, Any]) -> list[list[float]]:
        return request["data"]

    def predict(self, rows: list[list[float]]) -> list[float]:
        return numbers(self.model(rows))

    def encode_response(self, output: list[float]) -> dict[str, Any]:
        return {"output": output}


class Batched(Scorer):
    """Several requests in one call."""

    def predict(self, lots: list[list[list[float]]]) -> list[list[float]]:
        answers = iter(numbers(self.model([row for lot in lots for row in lot])))
        return [[next(answers) for _ in lot] for lot in lots]

    def batch(self, inputs: list[Any]) -> list[Any]:
        return inputs

    def unbatch(self, output: list[Any]) -> list[Any]:
        return output


def main() -> None:
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    scorer = Batched(max_batch_size=size, batch_timeout=0.005) if size > 1 else Scorer()
    server = litserve.LitServer(scorer, accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, log_level="error",
        generate_client_file=False, access_log=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
