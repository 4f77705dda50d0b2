import pytest

from greeter import create_app


@pytest.mark.parametrize("name", ["you", "me"])
def test_it_greets(name: str) -> None:
    assert create_app().test_client().get(f"/hello/{name}").json == {"message": f"hello {name}"}
