import json
import os
import subprocess
import sys
import unittest
from datetime import datetime, timedelta
from pathlib import Path

from cleaning import Cleaner
from make_sample import sample
from means import Days
from measurements import read_rows
from scores import Periods, Score, fit, scores

from tests import USE_CASE

SAMPLE = USE_CASE / "services" / "load_wind" / "sample.csv"
PERIODS = ("2024-01-01", "2024-10-01", "2025-01-01")


def hourly_means(csv):
    cleaner, days = Cleaner(PERIODS[0], PERIODS[2], 48), Days()
    for row in read_rows(csv):
        cleaner.take(*row)
    found = [day for reading in cleaner.rest() for day in days.take(*reading)] + list(days.rest())
    return {
        datetime.combine(day.date, datetime.min.time()) + timedelta(hours=hour.hour): hour.mean_megawatts
        for day in found
        for hour in day.hours
    }


class ScoresTest(unittest.TestCase):
    def check(self, csv, horizon_hours):
        """The scores are those of check_scores.py, which computes them in another way."""
        periods = Periods.parse(*PERIODS, horizon_hours)
        hours = hourly_means(csv)
        ours = scores(hours, fit(hours, periods)[0], periods)
        theirs = subprocess.run(
            [sys.executable, USE_CASE / "check_scores.py", csv, "--horizon-hours", str(horizon_hours)],
            stdout=subprocess.PIPE,
            check=True,
        )
        theirs = json.loads(theirs.stdout)
        self.assertEqual([score.method for score in ours], list(theirs))
        for score in ours:
            other = theirs[score.method]
            self.assertEqual(score.hours, other["hours"])
            self.assertAlmostEqual(score.mae_megawatts, other["mae_megawatts"], delta=1e-9)
            self.assertAlmostEqual(score.rmse_megawatts, other["rmse_megawatts"], delta=1e-9)

    def test_the_sample_scores_as_checked_by_another_way(self):
        for horizon_hours in (1, 24, 100):
            self.check(SAMPLE, horizon_hours)

    @unittest.skipUnless(os.environ.get("WIND_CSV"), "WIND_CSV names no file")
    def test_a_whole_year_scores_as_checked_by_another_way(self):
        self.check(Path(os.environ["WIND_CSV"]), 24)

    def test_both_methods_are_scored_on_the_same_hours(self):
        start = datetime(2024, 9, 30, 22)
        hours = {start + timedelta(hours=index): float(index) for index in (0, 1, 24, 25, 27, 48)}
        periods = Periods.parse(*PERIODS, 24)
        climatology, fitted = fit(hours, periods)
        self.assertEqual((climatology, fitted), ({22: 0.0, 23: 1.0}, 2))
        self.assertEqual(
            scores(hours, climatology, periods),
            [Score("persistence", 3, 24.0, 24.0), Score("climatology", 3, 32.0, 1152**0.5)],
        )

    def test_nothing_to_score_is_said(self):
        with self.assertRaisesRegex(ValueError, "no hour from 2024-10-01 until 2025-01-01 can be forecast"):
            scores({datetime(2024, 9, 30): 1.0}, {0: 1.0}, Periods.parse(*PERIODS, 1))

    def test_periods_that_make_no_sense_are_refused(self):
        in_disorder, none = ("2024-10-01", "2024-01-01", "2025-01-01", 1), ("", "", "", 1)
        for periods in [in_disorder, none, (*PERIODS, 0), (*PERIODS, 2**31 - 1)]:
            with self.assertRaises(ValueError, msg=periods):
                Periods.parse(*periods)


class SampleTest(unittest.TestCase):
    def test_the_sample_is_what_make_sample_writes(self):
        self.assertEqual(SAMPLE.read_text(encoding="utf-8"), sample())


if __name__ == "__main__":
    unittest.main()
