"""FastAPI by hand for speed: no thread, no checks; one slow call holds up all others."""

from fastapi import FastAPI, Request
from scoring import load, numbers

app = FastAPI()
predict = load()


@app.post("/score")
async def score(request: Request) -> list[float]:
    return numbers(predict((await request.json())["data"]))
