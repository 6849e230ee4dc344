import pytest

from tests.load.day.target import LoadError, Target, read_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8000", Target("127.0.0.1", 8000)),
        ("http://localhost:8000/", Target("localhost", 8000)),
        ("http://[::1]:8000", Target("::1", 8000)),
        ("https://127.0.0.2", Target("127.0.0.2", 443, tls=True)),
    ],
)
def test_this_machine_is_a_target(url: str, target: Target) -> None:
    assert read_target(url) == target
    assert read_target(target.url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.2:8000",
        "https://handbook.example",
        "http://localhost.example:8000",
        "http://127.0.0.1.example",
        "http://0.0.0.0:8000",
        "http://[2001:db8::1]",
    ],
)
def test_another_machine_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(LoadError, match="--allow-remote"):
        read_target(url)
    assert read_target(url, allow_remote=True).url.startswith(url)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://127.0.0.1/v1?a=b"]
)
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(LoadError, match="not the address"):
        read_target(url, allow_remote=True)


def test_a_password_in_the_address_is_refused() -> None:
    with pytest.raises(LoadError):
        read_target("http://user:secret@127.0.0.1:8000")
