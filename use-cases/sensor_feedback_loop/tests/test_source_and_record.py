import io
import unittest

from readings import Readings
from record import Record


class ReadingsTest(unittest.TestCase):
    def test_each_run_reads_from_the_first_on(self):
        readings = Readings("20 21.5")
        self.assertEqual([readings.next("a") for _ in range(3)], [(0, 20.0), (1, 21.5), None])
        readings.next("b")
        self.assertEqual([readings.next("a"), readings.next("b")], [(0, 20.0), (1, 21.5)])

    def test_what_is_no_set_point_is_refused(self):
        for text in ("20,21", "warm", "20 nan"):
            with self.assertRaises(ValueError, msg=text):
                Readings(text)


class RecordTest(unittest.TestCase):
    def test_entries_are_counted_by_what_they_bring(self):
        file = io.StringIO()
        record = Record(file)
        record.add({"set_point_c": 20.0})
        record.add({"stamped_at": "2026-11-21T16:29:48Z"})
        record.add({"step": 1, "temperature_c": 16.0, "heat_kw": 0.0, "energy_kwh": 0.0})
        record.add({"step": 2, "temperature_c": 15.0, "heat_kw": 1.0, "energy_kwh": 0.1})
        self.assertEqual(
            record.summary(),
            {
                "set_points": 1,
                "stamps": 1,
                "states": 2,
                "last_set_point_c": 20.0,
                "last_temperature_c": 15.0,
                "coldest_c": 15.0,
                "warmest_c": 16.0,
                "energy_kwh": 0.1,
            },
        )
        self.assertEqual(
            file.getvalue().splitlines()[:3],
            [
                "set_point_c,step,temperature_c,heat_kw,energy_kwh,stamped_at",
                "20.0,,,,,",
                ",,,,,2026-11-21T16:29:48Z",
            ],
        )

    def test_nothing_seen_is_nothing_told(self):
        self.assertEqual(Record(io.StringIO()).summary(), {"set_points": 0, "stamps": 0, "states": 0})


if __name__ == "__main__":
    unittest.main()
