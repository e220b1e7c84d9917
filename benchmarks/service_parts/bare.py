"""A bare FastAPI route with the same model calls, for uvicorn: `bundle` is named by BENCHMARK_BUNDLE."""

import os
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from skillscope.features import FEATURE_NAMES
from skillscope.modeling.bundle import Bundle
from skillscope.skills import SKILLS

bundle = Bundle.load(Path(os.environ["BENCHMARK_BUNDLE"]))
app = FastAPI()


class Rows(BaseModel):
    rows: list[dict[str, float | None]]


@app.get("/readyz")
def ready() -> str:
    return "ready"


@app.post("/features")
def features(body: Rows) -> list[dict[str, float]]:
    table = np.array([[row.get(name) for name in FEATURE_NAMES] for row in body.rows], dtype=np.float64)
    return [dict(zip(SKILLS, map(float, scores), strict=True)) for scores in bundle.predict(table)]
