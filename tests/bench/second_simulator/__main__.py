"""python -m tests.bench.second_simulator: the same command as python -m tests.reference_simulator."""

from __future__ import annotations

import sys

from tests.reference_simulator.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
