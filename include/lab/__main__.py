"""Entry point of `python -m include.lab`."""

from __future__ import annotations

import sys

from include.lab.cli import main

sys.exit(main())
