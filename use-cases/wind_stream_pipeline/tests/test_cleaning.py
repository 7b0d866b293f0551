import unittest
from datetime import datetime, timedelta

from cleaning import TIMESTAMP_FORMAT, Cleaner, Cleaning, Reading

MIDNIGHT = datetime(2024, 9, 30)


def at(quarter: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=15 * quarter)


def clean(quarters, batch=1, look_back_hours=1.0, period=("", "")):
    """Readings and counts of rows given as quarters of an hour since midnight, each with its number as value."""
    cleaner = Cleaner(*period, look_back_hours)
    readings, total = [], Cleaning()
    for index, quarter in enumerate(quarters):
        timestamp = at(quarter).strftime(TIMESTAMP_FORMAT)
        cleaner.take(timestamp, "WIND_ACTUAL", "ALL", float(quarter))
        if index % batch == batch - 1:
            readings += cleaner.ready()
    readings += cleaner.rest()
    return [reading.megawatts for reading in readings], cleaner.counts()


class CleaningTest(unittest.TestCase):
    def test_a_repeated_stretch_is_kept_once(self):
        self.assertEqual(
            clean([0, 1, 2, 3, 0, 1, 2, 3, 4]),
            ([0, 1, 2, 3, 4], Cleaning(rows_read=9, rows_kept=5, repeated_timestamps=4)),
        )

    def test_a_row_within_the_look_back_finds_its_place(self):
        readings, counts = clean([0, 1, 2, 4, 5, 3, 6])
        self.assertEqual(readings, [0, 1, 2, 3, 4, 5, 6])
        self.assertEqual(counts, Cleaning(rows_read=7, rows_kept=7, put_in_order=1))

    def test_a_row_behind_the_look_back_is_dropped(self):
        readings, counts = clean([1, 5, 6, 0, 2])
        self.assertEqual(readings, [1, 2, 5, 6])
        self.assertEqual(counts, Cleaning(rows_read=5, rows_kept=4, too_late=1, put_in_order=1))

    def test_how_rows_are_batched_makes_no_difference(self):
        rows = [3, 0, 2, 1, 9, 6, 5, 5, 12, 30, 29, 2, 31, 28]
        whole = clean(rows, batch=len(rows))
        for batch in range(1, len(rows)):
            self.assertEqual(clean(rows, batch=batch), whole, batch)

    def test_the_end_of_the_period_is_no_part_of_it(self):
        readings, counts = clean([-1, 0, 95, 96], look_back_hours=48, period=("2024-09-30", "2024-10-01"))
        self.assertEqual(readings, [0, 95])
        self.assertEqual(counts, Cleaning(rows_read=4, rows_kept=2, outside_period=2))

    def test_a_row_without_a_value_makes_room_for_one_with_it(self):
        cleaner = Cleaner("", "", 1)
        cleaner.take("30-Sep-2024 00:00:00", "WIND_ACTUAL", "ALL", None)
        cleaner.take("30-Sep-2024 00:00:00", "WIND_ACTUAL", "ALL", 7.0)
        self.assertEqual(list(cleaner.rest()), [Reading(MIDNIGHT, 7.0)])
        self.assertEqual(cleaner.counts(), Cleaning(rows_read=2, rows_kept=1, without_value=1))

    def test_another_series_is_not_mixed_in(self):
        cleaner = Cleaner("", "", 1)
        cleaner.take("30-Sep-2024 00:00:00", "WIND_ACTUAL", "ALL", 1.0)
        cleaner.take("30-Sep-2024 00:15:00", "WIND_ACTUAL", "NI", 2.0)
        self.assertEqual(cleaner.counts(), Cleaning(rows_read=2, rows_kept=1, of_another_series=1))

    def test_counts_are_of_the_rows_since_the_last_time(self):
        cleaner = Cleaner("", "", 1)
        cleaner.take("30-Sep-2024 00:00:00", "WIND_ACTUAL", "ALL", 1.0)
        cleaner.counts()
        self.assertEqual(cleaner.counts(), Cleaning())

    def test_no_more_is_held_than_the_look_back_needs(self):
        cleaner = Cleaner("", "", 1)
        for quarter in range(1000):
            cleaner.take(at(quarter).strftime(TIMESTAMP_FORMAT), "WIND_ACTUAL", "ALL", 1.0)
            list(cleaner.ready())
        self.assertEqual(len(list(cleaner.rest())), 5)

    def test_settings_that_make_no_sense_are_refused(self):
        for settings in [("30-Sep-2024", "", 1), ("", "x", 1), ("", "", -1), ("", "", float("nan"))]:
            with self.assertRaises(ValueError, msg=settings):
                Cleaner(*settings)


if __name__ == "__main__":
    unittest.main()
