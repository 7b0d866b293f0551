"""Tests of what the services in Python compute: standard library only, no gRPC.

    python3 -m unittest discover -s use-cases/sensor_feedback_loop -t use-cases/sensor_feedback_loop
"""

import sys
from pathlib import Path

USE_CASE = Path(__file__).parents[1]
sys.path[:0] = map(str, sorted((USE_CASE / "services").iterdir()))
