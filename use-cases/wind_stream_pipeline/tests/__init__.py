"""Tests of what the services compute: standard library only, no gRPC.

    python3 -m unittest discover -s use-cases/wind_stream_pipeline -t use-cases/wind_stream_pipeline
"""

import sys
from pathlib import Path

USE_CASE = Path(__file__).parents[1]
sys.path[:0] = map(str, sorted((USE_CASE / "services").iterdir()))
