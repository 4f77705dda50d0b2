from board.web import app


def test_it_is_well() -> None:
    assert app.test_client().get("/healthz").json == {"status": "ok"}
