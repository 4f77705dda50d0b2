import os
from pathlib import Path

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel  # a compiled extension: made for one version of Python

NOTES = Path("/var/lib/notes")
app = FastAPI()


class Health(BaseModel):
    status: str = "ok"


@app.get("/healthz")
def health() -> Health:
    return Health()


@app.put("/notes/{name}", status_code=204)
async def keep(name: str, request: Request) -> None:
    (NOTES / name).write_bytes(await request.body())


@app.get("/notes/{name}")
def read(name: str) -> Response:
    return Response((NOTES / name).read_bytes(), media_type="text/plain")


@app.get("/secrets")
def secrets() -> dict[str, str | int | None]:
    return {"letters": len(os.environ["TOKEN"]), "user": os.environ["REDIS_URL"].partition("//")[2].partition(":")[0]}
