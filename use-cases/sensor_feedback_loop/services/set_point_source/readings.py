"""The set points of a run, one at a time."""

import math
from threading import Lock


class Readings:
    """Each run reads the set points from the first one on. One that has read past the last begins again."""

    def __init__(self, text: str) -> None:
        """Degrees, with spaces between them. Raises ValueError for what is no number."""
        self._set_points = [float(word) for word in text.split()]
        if not all(map(math.isfinite, self._set_points)):
            raise ValueError(f"{text!r} has a set point that is not finite")
        self._read: dict[str, int] = {}
        self._lock = Lock()

    def next(self, run: str) -> tuple[int, float] | None:
        """The set point and how many came before it; None past the last one."""
        with self._lock:
            index = self._read.pop(run, 0)
            if index == len(self._set_points):
                return None
            self._read[run] = index + 1
            return index, self._set_points[index]
