"""FastAPI by hand, as its tutorial writes it: a thread pool calls the model."""

from fastapi import FastAPI
from pydantic import BaseModel
from scoring import load, numbers

app = FastAPI()
predict = load()


class Rows(BaseModel):
    data: list[list[float]]


@app.post("/score")
def score(body: Rows) -> list[float]:
    return numbers(predict(body.data))
