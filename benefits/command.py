"""Run a verb as a program: its streams, its errors and its exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable

from benefits.errors import BenefitsError


def open_standard_streams() -> None:
    """Open the standard streams that the caller closed (`>&-`) on /dev/null.

    Otherwise the next file that is opened, such as the database, gets the number of the closed
    stream, and programs that a verb starts print into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free number, which is that of the stream.
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, encoding="utf-8"))


def run(main: Callable[[], int]) -> None:
    """Run a verb as a program, and exit with its code.

    A BenefitsError, an OSError such as a full disk, Ctrl-C and a reader that stops reading
    (`| head`) end it without a traceback. It prints UTF-8 whatever the caller's settings are.
    """
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)  # a test may replace it with something else
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        code = 1
    except KeyboardInterrupt:
        code = 130
    except BenefitsError as e:
        print(f"error: {e}", file=sys.stderr)
        code = 1
    except OSError as e:
        name, reason = e.filename or "the output", e.strerror or e
        print(f"error: {name} cannot be read or written: {reason}", file=sys.stderr)
        code = 1
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
