"""Command line of the demo: ``python -m include.demo [run|up] [--fault ID] [--until ACT] [--dir FOLDER]``."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from rich.console import Console

from include.demo.component import ComponentError
from include.demo.judgement import Exit
from include.demo.lab import LabError
from include.demo.report import Report
from include.demo.stage import BusyError
from include.demo.stay_up import stay_up
from include.demo.story import ACTS, tell

INTERRUPTED = 130


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m include.demo", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("run", "up"), default="run")
    parser.add_argument("--fault", help="id of a lab fault to switch on before the run; see `lab faults`")
    names = [act.name for act in ACTS]
    parser.add_argument("--until", choices=names, default=names[-1], help="last act of the story")
    parser.add_argument("--dir", type=Path, default=Path(".demo"), help="where everything is kept")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one action and return its exit status."""
    options = parse(arguments)
    report = Report(Console(width=None if sys.stdout.isatty() else 120))
    signal.signal(signal.SIGTERM, _end)
    try:
        if options.action == "up":
            stay_up(options.dir, report)
            return Exit.DONE
        return tell(options.dir, options.fault, options.until, report)
    except (BusyError, ComponentError, LabError, TimeoutError) as error:
        report.result(Exit.NOT_STARTED, str(error))
        return Exit.NOT_STARTED
    except KeyboardInterrupt:
        return INTERRUPTED


def _end(_: int, __: FrameType | None) -> None:
    """Turn SIGTERM into an exception, so that lab and Airflow are taken down."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
