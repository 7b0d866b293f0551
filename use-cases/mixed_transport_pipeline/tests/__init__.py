"""Tests of what the services compute: standard library only, neither gRPC nor FastAPI.

    python3 -m unittest discover -s use-cases/mixed_transport_pipeline -t use-cases/mixed_transport_pipeline
"""

import sys
from pathlib import Path

USE_CASE = Path(__file__).parents[1]
sys.path[:0] = map(str, [USE_CASE / "shared/python", *sorted((USE_CASE / "services").iterdir())])
