import unittest
from datetime import datetime, timedelta

from forecast import Settings, forecast, has_ramp
from hourly import Hour
from measurements import hourly_means, row
from ramps import find_ramps

BEGIN = datetime(2024, 9, 20)


def hours(values):
    return [Hour(BEGIN + timedelta(hours=index), float(value)) for index, value in enumerate(values)]


class Measurements(unittest.TestCase):
    def test_hours_are_means_of_what_is_there_and_repeated_rows_count_once(self):
        rows = [
            row(["20-Sep-2024 00:00:00", "W", "ALL", "10"]),
            row(["20-Sep-2024 00:15:00", "W", "ALL", "20"]),
            row(["20-Sep-2024 00:30:00", "W", "ALL", ""]),
            row(["20-Sep-2024 02:00:00", "W", "ALL", "7"]),
            row(["20-Sep-2024 00:15:00", "W", "ALL", "999"]),
        ]
        means, counts = hourly_means(rows)
        self.assertEqual(means, [Hour(BEGIN, 15.0), Hour(BEGIN + timedelta(hours=2), 7.0)])
        self.assertEqual(counts, {"rows": 5, "without_value": 1, "repeated": 1})

    def test_what_is_no_measurement_is_refused(self):
        for fields in (["20-Sep-2024 00:00:00", "W", "ALL"], ["yesterday", "W", "ALL", "1"], ["", "", "", "nan"]):
            with self.assertRaises(ValueError):
                row(fields)


class Ramps(unittest.TestCase):
    def test_changes_that_overlap_are_one_ramp(self):
        found = find_ramps(hours([0, 0, 600, 1200, 1800, 1800, 1800, 1800]), more_than=1000, within_hours=3)
        self.assertEqual([(ramp.begin.start.hour, ramp.end.start.hour) for ramp in found], [(1, 4)])
        self.assertEqual(found[0].change, 1800)

    def test_a_way_back_is_another_ramp(self):
        found = find_ramps(hours([0, 1500, 1500, 1500, 0]), more_than=1000, within_hours=2)
        self.assertEqual([ramp.change for ramp in found], [1500, -1500])

    def test_hours_that_are_missing_are_no_short_time(self):
        gap = [Hour(BEGIN, 0.0), Hour(BEGIN + timedelta(hours=9), 5000.0)]
        self.assertEqual(find_ramps(gap, more_than=1000, within_hours=3), [])


class Forecast(unittest.TestCase):
    settings = Settings(hours=24, draws=200, seed=7, ramp_megawatts=1000, ramp_hours=3)

    def test_what_repeats_each_day_is_forecast_as_it_was(self):
        day = [100 + 10 * hour for hour in range(24)]
        result = forecast(hours(day * 5), self.settings, lambda percent: None)
        self.assertEqual([round(hour["expected"]) for hour in result["forecast"]], day)
        self.assertEqual(result["peak_at"], "2024-09-25T23:00:00")
        self.assertEqual(result["ramp_probability"], 0.0)

    def test_a_spread_lies_around_what_is_expected(self):
        values = [500 + 40 * ((7 * index) % 13) for index in range(24 * 10)]
        told = []
        result = forecast(hours(values), self.settings, told.append)
        for hour in result["forecast"]:
            self.assertLess(hour["low"], hour["expected"])
            self.assertLess(hour["expected"], hour["high"])
        self.assertEqual(told, [0, 25, 50, 75])
        self.assertEqual(result, forecast(hours(values), self.settings, told.append), "a seed decides")

    def test_too_little_is_refused(self):
        with self.assertRaisesRegex(ValueError, "1 days are too few"):
            forecast(hours([1] * 24), self.settings, lambda percent: None)

    def test_a_ramp_is_a_change_within_its_hours(self):
        self.assertTrue(has_ramp([0, 500, 1001], more_than=1000, within=2))
        self.assertFalse(has_ramp([0, 500, 900, 1400], more_than=1000, within=2))


if __name__ == "__main__":
    unittest.main()
