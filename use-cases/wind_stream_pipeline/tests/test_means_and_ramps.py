import unittest
from datetime import date, datetime, timedelta

from means import DayMeans, Days, HourMean
from ramps import Ramps, Reading

MIDNIGHT = datetime(2024, 9, 30)


class MeansTest(unittest.TestCase):
    def test_a_day_is_given_when_the_next_one_begins(self):
        days = Days()
        self.assertEqual(list(days.take(MIDNIGHT, 1.0)), [])
        self.assertEqual(list(days.take(MIDNIGHT + timedelta(minutes=45), 2.0)), [])
        self.assertEqual(list(days.take(MIDNIGHT + timedelta(hours=5), 6.0)), [])
        [day] = days.take(MIDNIGHT + timedelta(days=2), 9.0)
        self.assertEqual(
            day, DayMeans(date(2024, 9, 30), 3.0, 3, [HourMean(0, 1.5, 2), HourMean(5, 6.0, 1)])
        )
        self.assertEqual([day.mean_megawatts for day in days.rest()], [9.0])
        self.assertEqual(list(days.rest()), [])

    def test_a_reading_that_is_not_later_is_refused(self):
        days = Days()
        list(days.take(MIDNIGHT, 1.0))
        with self.assertRaisesRegex(ValueError, "comes after the one of 2024-09-30 00:00:00"):
            list(days.take(MIDNIGHT, 1.0))


def ramps(megawatts, limit=100.0, within_hours=1.0):
    """Ramps as quarters of an hour since midnight and changes, for one value each quarter."""
    found = Ramps(limit, within_hours)
    for quarter, value in enumerate(megawatts):
        found.take(Reading(MIDNIGHT + timedelta(minutes=15 * quarter), value))

    def quarter(reading):
        return (reading.time - MIDNIGHT) // timedelta(minutes=15)

    return [(quarter(ramp.start), quarter(ramp.end), ramp.change) for ramp in found.found()]


class RampsTest(unittest.TestCase):
    def test_a_change_of_just_the_limit_is_no_ramp(self):
        self.assertEqual(ramps([0, 0, 100, 100]), [])
        self.assertEqual(ramps([0, 0, 101, 101]), [(1, 2, 101)])

    def test_a_change_that_takes_longer_is_no_ramp(self):
        self.assertEqual(ramps([0, 30, 60, 90, 100, 140]), [(1, 5, 110)])
        self.assertEqual(ramps([0, 20, 40, 60, 80, 100, 120, 140]), [])

    def test_ramps_that_overlap_are_one(self):
        self.assertEqual(ramps([0, 0, 60, 120, 180, 240, 240, 240]), [(1, 5, 240)])

    def test_up_and_down_are_two(self):
        self.assertEqual(ramps([0, 150, 0, 0]), [(0, 1, 150), (1, 2, -150)])

    def test_settings_that_make_no_sense_are_refused(self):
        for settings in [(-1.0, 1.0), (1.0, 0.0), (float("nan"), 1.0), (1.0, float("inf"))]:
            with self.assertRaises(ValueError, msg=settings):
                Ramps(*settings)


if __name__ == "__main__":
    unittest.main()
