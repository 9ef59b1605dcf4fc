"""Airflow's commands, one after another in one process; run apart, as Airflow takes a process over.

Importing Airflow and its first answer take longer than most commands do. A line of JSON on
standard input has the arguments of `airflow` and a file for all that is printed; the answer on
standard output is a line with the exit code, as the shell would get it.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from airflow.__main__ import main


def run(arguments):
    """The exit code of `airflow` with *arguments*."""
    sys.argv = ["airflow", *arguments]
    try:
        main()
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            return 1
        return stop.code or 0
    except Exception:
        traceback.print_exc()
        return 1
    return 0


with os.fdopen(os.dup(1), "w") as answers:
    for line in sys.stdin:
        arguments, target = json.loads(line)
        with Path(target).open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        print(code, file=answers, flush=True)
