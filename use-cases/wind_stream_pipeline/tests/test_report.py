import unittest
import xml.etree.ElementTree as xml
from datetime import date

from plot import round_up, svg
from report import Day, Ramp, Report, Score, extremes, markdown, mean_megawatts

DAYS = [
    Day(date(2024, 9, 30), 100.0, 96),
    Day(date(2024, 10, 1), 400.0, 32),
    Day(date(2024, 10, 2), 50.0, 96),
]
REPORT = Report(
    title="Wind <now> & then",
    days=DAYS,
    ramps=[
        Ramp("2024-09-30T12:00", "2024-09-30T14:00", 1100.0),
        Ramp("2024-10-01T08:00", "2024-10-01T09:00", -1200.0),
    ],
    scores=[Score("persistence", 24, 10.0, 12.0), Score("climatology", 24, 20.0, 25.0)],
    cleaning={"rows_read": 1224, "rows_kept": 224},
)


class ReportTest(unittest.TestCase):
    def test_a_day_with_few_readings_counts_for_less(self):
        self.assertAlmostEqual(mean_megawatts(DAYS), (9600 + 12800 + 4800) / 224)
        self.assertEqual(extremes(DAYS), (DAYS[2], DAYS[1]))

    def test_the_page_has_all_of_it_and_the_largest_ramp_first(self):
        page = markdown(REPORT, "plot.svg")
        for line in [
            "3 days from 2024-09-30 to 2024-10-02, mean 121.4 MW.",
            "![Daily means, ramps and scores](plot.svg)",
            "| rows read | 1,224 |",
            "| windiest | 2024-10-01 | 400.0 |",
            "| climatology | 24 | 20.0 | 25.0 |",
        ]:
            self.assertIn(f"\n{line}\n", page)
        self.assertLess(page.index("-1200"), page.index("+1100"))

    def test_a_report_without_ramps_says_so(self):
        self.assertTrue(markdown(REPORT._replace(ramps=[]), "plot.svg").endswith("## Ramps\n\nNo ramp.\n"))

    def test_the_picture_is_well_formed_whatever_the_title(self):
        root = xml.fromstring(svg(REPORT))
        space = "{http://www.w3.org/2000/svg}"
        self.assertIn(REPORT.title, [text.text for text in root.iter(f"{space}text")])
        [line] = root.iter(f"{space}polyline")
        self.assertEqual(line.get("points"), "60.0,255.0 360.0,60.0 660.0,287.5")

    def test_a_single_calm_day_can_be_drawn(self):
        xml.fromstring(svg(Report("", [Day(date(2024, 1, 1), 0.0, 96)], [], [], {})))

    def test_an_axis_ends_at_a_short_number(self):
        ends = [round_up(value) for value in (0, 1000, 1001, 4323, 9999)]
        self.assertEqual(ends, [1, 1000, 1200, 5000, 10000])


if __name__ == "__main__":
    unittest.main()
