"""What the API answers: items are in PostgreSQL, the counter is in Redis, pictures are files on a volume."""

import hmac
import logging
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse
from psycopg.rows import class_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, StringConstraints
from redis import Redis

PICTURES = Path("/app/uploads")
LARGEST_PICTURE = 5 * 1024 * 1024

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper())
log = logging.getLogger(__name__)

# A secret is a file: it shows neither in `docker inspect` nor in the environment of a process.
secret_key = Path("/run/secrets/SECRET_KEY").read_bytes()
# checked before each use, so that a database that was restarted costs no request
database = ConnectionPool(os.environ["DATABASE_URL"], max_size=8, open=False, check=ConnectionPool.check_connection)
cache = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    with database:
        log.info("ready")
        yield
    log.info("done")


app = FastAPI(title="shop", lifespan=lifespan)


class NewItem(BaseModel):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Item(NewItem):
    id: int


class Receipt(Item):
    signature: str


class Stock(BaseModel):
    items: list[Item]
    created: int


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Says that this process answers. It asks nobody else: no database that is away shall get the API restarted."""
    return {"status": "ok"}


@app.get("/api/items")
def stock() -> Stock:
    with database.connection() as connection, connection.cursor(row_factory=class_row(Item)) as cursor:
        items = cursor.execute("select id, name from items order by id").fetchall()
    return Stock(items=items, created=int(cache.get("created") or 0))


@app.post("/api/items", status_code=201)
def create(item: NewItem) -> Receipt:
    with database.connection() as connection:
        (number,) = connection.execute("insert into items (name) values (%s) returning id", (item.name,)).fetchone()
    cache.incr("created")
    signature = hmac.digest(secret_key, f"{number} {item.name}".encode(), "sha256").hex()
    return Receipt(id=number, name=item.name, signature=signature)


@app.put("/api/pictures/{name}", status_code=204)
async def keep_picture(name: str, request: Request) -> None:
    picture = bytearray()
    async for part in request.stream():
        picture += part
        if len(picture) > LARGEST_PICTURE:
            raise HTTPException(413)
    path = place(name)
    # written beside and renamed: a reader sees the old picture or the new one, never half of one
    beside = path.with_suffix(f".{os.urandom(4).hex()}")
    beside.write_bytes(picture)
    beside.replace(path)


@app.get("/api/pictures/{name}")
def picture(name: str) -> FileResponse:
    path = place(name)
    if not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type="application/octet-stream")


def place(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9-]{1,100}", name):
        raise HTTPException(422, "a picture's name is made of a-z, 0-9 and -")
    return PICTURES / name
