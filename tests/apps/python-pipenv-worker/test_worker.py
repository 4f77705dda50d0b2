from pytimeparse.timeparse import timeparse


def test_five_seconds_are_five() -> None:
    assert timeparse("5s") == 5
