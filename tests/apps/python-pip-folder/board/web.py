from importlib.metadata import version

from flask import Flask

app = Flask(__name__)


@app.get("/healthz")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/click")
def click() -> dict[str, str]:
    return {"click": version("click")}
