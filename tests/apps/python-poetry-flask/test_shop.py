from shop.main import app


def test_it_greets() -> None:
    assert app.test_client().get("/hello/you").json == {"message": "hello you"}
