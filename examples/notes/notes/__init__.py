"""Notes in Valkey: written with PUT, read with GET, taken off with DELETE."""

import os

from flask import Flask, Response, abort, request
from redis import Redis

LONGEST = 10_000

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = LONGEST
store = Redis.from_url(os.environ["STORE_URL"], decode_responses=True, socket_timeout=2)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Says that this process answers. It asks nobody else: no store that is away shall get it restarted."""
    return {"status": "ok"}


@app.get("/notes/")
def names() -> list[str]:
    return sorted(store.hkeys("notes"))


@app.get("/notes/<name>")
def read(name: str) -> Response:
    text = store.hget("notes", name)
    if text is None:
        abort(404)
    return Response(text, mimetype="text/plain")


@app.put("/notes/<name>")
def write(name: str) -> tuple[str, int]:
    store.hset("notes", name, request.get_data(as_text=True))
    return "", 204


@app.delete("/notes/<name>")
def remove(name: str) -> tuple[str, int]:
    store.hdel("notes", name)
    return "", 204
