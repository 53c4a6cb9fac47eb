"""Ray Serve: `python ray_app.py PORT [BATCH]`."""

import signal
import sys
from typing import Any

import ray
from ray import serve
from scoring import load, numbers
from starlette.requests import Request


@serve.deployment(ray_actor_options={"num_cpus": 0}, max_ongoing_requests=100)
class Scorer:
    def __init__(self) -> None:
        self.model = load()

    async def __call__(self, request: Request) -> list[float]:
        return numbers(self.model((await request.json())["data"]))


@serve.deployment(ray_actor_options={"num_cpus": 0}, max_ongoing_requests=100)
class Batched:
    """Several requests in one call."""

    def __init__(self) -> None:
        self.model = load()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.005)
    async def together(self, lots: list[Any]) -> list[list[float]]:
        answers = iter(numbers(self.model([row for lot in lots for row in lot])))
        return [[next(answers) for _ in lot] for lot in lots]

    async def __call__(self, request: Request) -> list[float]:
        return await self.together((await request.json())["data"])


def main() -> None:
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(sys.argv[1])},
        logging_config={"enable_access_log": False, "log_level": "ERROR"},
    )
    app = Batched if len(sys.argv) > 2 else Scorer
    serve.run(app.bind(), route_prefix="/score", logging_config={"enable_access_log": False})
    signal.pause()


if __name__ == "__main__":
    main()
