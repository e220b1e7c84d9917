"""A FastAPI route that does nothing, mounted in a BentoML service."""

import bentoml
from fastapi import FastAPI, Request

app = FastAPI()


@app.post("/nothing")
async def nothing(request: Request) -> dict[str, bool]:
    await request.body()
    return {"ok": True}


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
@bentoml.asgi_app(app, path="/")
class Empty:
    pass
