import json
import unittest
from collections import deque

from regulator import Regulator, Settings

from tests import USE_CASE

OPERATIONS = json.loads((USE_CASE / "connections.json").read_text(encoding="utf-8"))["pipeline"]["operations"]
PARAMETERS = {operation["service"]: operation.get("parameters") for operation in OPERATIONS}
SETTINGS = Settings(**PARAMETERS["controller"])
# Enough for any loop that comes to rest.
MOST_MESSAGES = 5000


class Room:
    """What the service plant_model computes, in short."""

    def __init__(self, start_c, outdoor_c, step_minutes, tolerance_c, tolerance_kw):
        self.temperature, self.outdoor, self.hours = start_c, outdoor_c, step_minutes / 60
        self.tolerance_c, self.tolerance_kw, self.sent = tolerance_c, tolerance_kw, None

    def heated(self, heat):
        self.temperature += self.hours * (heat - 0.2 * (self.temperature - self.outdoor)) / 2.0
        state = (self.temperature, heat)
        if self.sent and abs(state[0] - self.sent[0]) <= self.tolerance_c:
            if abs(state[1] - self.sent[1]) <= self.tolerance_kw:
                return None
        self.sent = state
        return self.temperature


class Loop:
    """The regulator and the room with queues between them; a set point may come at any message."""

    def __init__(self, settings=SETTINGS):
        self.regulator, self.room = Regulator(settings), Room(**PARAMETERS["plant-model"])
        self.heats, self.messages = deque(), 0

    def dial(self, set_point):
        self.command(self.regulator.on_set_point(set_point))

    def command(self, heat):
        if heat is not None:
            self.heats.append(heat)

    def message(self):
        self.messages += 1
        temperature = self.room.heated(self.heats.popleft())
        if temperature is not None:
            self.command(self.regulator.on_temperature(temperature))

    def until_quiet(self):
        while self.heats:
            self.message()
            if self.messages > MOST_MESSAGES:
                raise AssertionError(f"still at it, {self.room.temperature} C")


class RegulatorTest(unittest.TestCase):
    def test_the_loop_comes_to_rest_at_each_set_point(self):
        loop = Loop()
        for set_point in (20, 21.5, 18, 21):
            loop.dial(set_point)
            loop.until_quiet()
            self.assertAlmostEqual(loop.room.temperature, set_point, delta=0.0101)

    def test_set_points_that_come_before_the_loop_is_at_rest_end_at_the_last(self):
        for apart in range(0, 200, 7):
            loop = Loop()
            for set_point in (20, 21.5, 18, 21):
                loop.dial(set_point)
                for _ in range(apart):
                    if loop.heats:
                        loop.message()
            loop.until_quiet()
            self.assertAlmostEqual(loop.room.temperature, 21, delta=0.0101, msg=apart)

    def test_a_set_point_that_cannot_be_reached_comes_to_rest_below_it(self):
        loop = Loop()
        loop.dial(60)
        loop.until_quiet()
        self.assertAlmostEqual(loop.room.temperature, 35, delta=0.2)

    def test_the_first_command_asks_for_a_temperature(self):
        regulator = Regulator(SETTINGS)
        self.assertIsNone(regulator.on_temperature(16))
        regulator = Regulator(SETTINGS)
        self.assertEqual(regulator.on_set_point(20), 0)

    def test_heat_stays_within_its_limits(self):
        regulator = Regulator(SETTINGS)
        regulator.on_set_point(20)
        self.assertEqual(regulator.on_temperature(-50), SETTINGS.max_heat_kw)
        self.assertEqual(regulator.on_temperature(90), 0)

    def test_the_same_set_point_again_changes_nothing(self):
        loop = Loop()
        loop.dial(20)
        loop.until_quiet()
        loop.dial(20)
        self.assertFalse(loop.heats)

    def test_settings_without_which_it_would_never_be_quiet_are_refused(self):
        for name in Settings._fields:
            for value in (0.0, -1.0, float("nan")):
                with self.assertRaisesRegex(ValueError, name):
                    SETTINGS._replace(**{name: value}).checked()


if __name__ == "__main__":
    unittest.main()
