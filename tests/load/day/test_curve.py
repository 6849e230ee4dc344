from collections import Counter
from random import Random

import pytest

from tests.load.day.curve import BURST_PUBLISHED, BURST_SECONDS, COMPRESSION, DAY_ACCESSES, HOURS, Burst, Day, quick_day


def test_the_curve_integrates_to_the_days_accesses() -> None:
    day = Day()
    assert day.seconds * COMPRESSION == 24 * 3600
    hours = [day.between(hour, hour + 1) for hour in range(HOURS)]
    assert sum(hours) == pytest.approx(DAY_ACCESSES)
    assert min(hours) > 0
    minutes = sum(day.between(minute / 60, (minute + 1) / 60) for minute in range(24 * 60))
    assert minutes == pytest.approx(DAY_ACCESSES)


def test_people_open_the_app_in_the_morning_at_noon_and_most_in_the_evening() -> None:
    day = Day()
    hours = [day.between(hour, hour + 1) for hour in range(HOURS)]
    assert hours[7] > hours[9] < hours[12] > hours[14] < hours[20]
    assert max(hours) == hours[20]
    assert day.peak == (720.0, 756.0)
    assert hours[3] < hours[20] / 10


def test_arrivals_are_as_many_as_promised_and_the_same_for_the_same_seed() -> None:
    day = Day()
    arrivals = day.draw(Random(1))
    assert len(arrivals) == DAY_ACCESSES
    assert arrivals == sorted(arrivals) == day.draw(Random(1)) != day.draw(Random(2))
    assert 0 <= arrivals[0] <= arrivals[-1] <= day.seconds


def test_phones_ask_for_their_state_at_hours_of_their_own() -> None:
    rng = Random(1)
    for timetable, share in ((Day(), 1.0), (quick_day(), 1.0), (Burst(1_000), BURST_SECONDS / Day().seconds)):
        due = [timetable.state_due(rng) for _ in range(2_000)]
        assert min(due) >= 0
        assert sum(at < timetable.seconds for at in due) / len(due) == pytest.approx(share, abs=0.05)


def test_arrivals_follow_the_curve() -> None:
    day = Day()
    arrivals = day.draw(Random(3))
    came = Counter(int(at * HOURS / day.seconds) for at in arrivals)
    for hour in range(HOURS):
        expected = day.between(hour, hour + 1)
        assert abs(came[hour] - expected) < 5 * expected**0.5


def test_arrivals_within_a_stretch_are_poisson() -> None:
    """Variance and mean of counts in equal short stretches agree, as they would not for evenly spaced arrivals."""
    day = Day()
    first, last = day.peak
    counts = [0] * 600
    for at in day.draw(Random(4)):
        if first <= at < last:
            counts[int((at - first) / (last - first) * 600)] += 1
    mean = sum(counts) / 600
    variance = sum((count - mean) ** 2 for count in counts) / 599
    assert 0.75 < variance / mean < 1.35


def test_a_quick_day_has_the_full_days_rates() -> None:
    quick, day = quick_day(), Day()
    assert quick.seconds < 120
    assert quick.accesses / quick.seconds == pytest.approx(day.accesses / day.seconds, rel=1e-3)


def test_a_burst_has_everyone_once_after_the_notice() -> None:
    burst = Burst(5_000)
    arrivals = burst.draw(Random(5))
    assert len(arrivals) == burst.expected
    assert arrivals == burst.draw(Random(5))
    before = sum(at < BURST_PUBLISHED for at in arrivals) / BURST_PUBLISHED
    first, last = burst.peak
    during = sum(first <= at < last for at in arrivals) / (last - first)
    assert during > 4 * before
    assert arrivals[-1] <= burst.seconds
