from flask import Flask


def create_app() -> Flask:
    app = Flask(__name__)

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/hello/<name>")
    def hello(name: str) -> dict[str, str]:
        return {"message": f"hello {name}"}

    return app
