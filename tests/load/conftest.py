"""A small data set and a handbook that serves it, for tests of the bench."""

import asyncio
from collections.abc import Iterator

import pytest

from api.demo.organisation import Size
from tests.load import dataset as datasets
from tests.load.bench.pages import Pages, read_pages
from tests.load.bench.processes import Running, serve, uvicorn
from tests.load.dataset import DataSet, copied, dataset, is_built


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataSet]:
    """A data set of a few hundred members on SQLite."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(datasets.SIZES, "tiny", Size(30, 300))
        built = asyncio.run(dataset("tiny", "sqlite", cache=cache, say=lambda _: None))
        assert asyncio.run(is_built("tiny", "sqlite", cache=cache))
        assert asyncio.run(dataset("tiny", "sqlite", cache=cache, say=pytest.fail)) == built
        folder = tmp_path_factory.mktemp("copy")
        yield asyncio.run(copied(built, folder))
        # what is not finished is built anew, and what older code built goes
        (built.keys.parent / "dataset.json").unlink()
        (cache / "tiny-sqlite-0123456789ab").mkdir()
        again = asyncio.run(dataset("tiny", "sqlite", cache=cache, say=lambda _: None))
        assert again.audience != built.audience
        assert [folder.name for folder in cache.iterdir()] == [built.keys.parent.name]


@pytest.fixture(scope="session")
def server(small: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("server")
    environment = {
        "HANDBOOK_DATABASE_URL": small.url,
        "HANDBOOK_KEYS_FILE": str(small.keys),
        "HANDBOOK_DATA_DIR": str(folder / "data"),
        "HANDBOOK_PORT": "{port}",
    }
    command = [*uvicorn("")[:1], "-m", "api", "serve"]
    started = serve("handbook", command, environment, ready="/health/ready", cores=None, log=folder / "log")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def pages(small: DataSet, server: Running) -> Pages:
    return read_pages(server.url, small, small.audience.seated)
