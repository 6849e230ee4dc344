from pathlib import Path

import pytest

from tests.load.day.samples import Samples, Summary, bins, percentile, seen_after, summarise


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.505, 51), (0.9, 90), (0.99, 99), (1.0, 100)]
)
def test_percentiles_are_nearest_ranks(share: float, value: float) -> None:
    assert percentile(range(100, 0, -1), share) == value


def test_percentiles_of_few_and_of_none() -> None:
    assert [percentile([7.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [7.0] * 4
    assert percentile([], 0.99) == 0
    assert summarise([]) == Summary(0, 0, 0, 0, 0)
    assert summarise([3.0, 1.0, 2.0]) == Summary(3, 2.0, 3.0, 3.0, 3.0)


@pytest.fixture
def samples() -> Samples:
    samples = Samples(opened=[(0.5, 1.0), (8.0, 2.0)], refused=["notices: no ETag"], unfinished=1)
    samples.add(0.5, 12.0, "refresh", None)
    samples.add(0.6, 20.0, "notices", None)
    samples.add(8.0, 10_000.0, "notices", "timeout")
    samples.add(8.5, 10_000.0, "notices", "timeout")
    return samples


def test_errors_are_counted_by_kind(samples: Samples) -> None:
    assert samples.errors == {"notices: timeout": 2, "notices: no ETag": 1, "accesses that did not end": 1}


def test_times_are_of_what_was_answered(samples: Samples) -> None:
    assert samples.between(0, 100) == [12.0, 20.0]
    assert samples.between(0.6, 100) == [20.0]
    assert samples.between(8, 100) == []


def test_bins_have_rates_a_second(samples: Samples) -> None:
    first, second = bins(samples, 10.0, 2)
    assert (first.at, first.accesses, first.requests, first.errors) == (2.5, 0.2, 0.4, 0)
    assert first.took == Summary(2, 12.0, 20.0, 20.0, 20.0)
    assert (second.accesses, second.requests, second.errors, second.took.count) == (0.2, 0.4, 0.4, 0)


def test_what_falls_behind_the_end_is_in_the_last_bin(samples: Samples) -> None:
    samples.add(10.4, 5.0, "receipt", None)
    assert bins(samples, 10.0, 2)[-1].took.count == 1


def test_samples_survive_their_file(samples: Samples, tmp_path: Path) -> None:
    samples.looks = [(0.25, True)]
    samples.write(tmp_path / "samples.json")
    assert Samples.read(tmp_path / "samples.json") == samples


def test_seen_after_the_last_list_without_it() -> None:
    assert seen_after([(0.01, False), (0.02, True), (0.3, False), (0.4, True)]) == 0.3
    assert seen_after([(0.01, True)]) == 0
    assert seen_after([(0.01, False)]) is None
    assert seen_after([]) is None
