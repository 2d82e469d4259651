"""What every verb shares: how it ends."""

from __future__ import annotations

import io
import os
import sys


def open_standard_streams() -> None:
    """Open on nothing what the caller closed (`>&-`).

    Python has None there, and the next file that is opened, such as the database, would get the
    number to which programs that we start print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: its own
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, encoding="utf-8"))


def run(main) -> None:
    """Run a verb as a program, and exit with its code.

    Ctrl-C, a reader that stops reading (`| head`) and what the system refuses, such as a full disk,
    end it without a traceback. It prints UTF-8 whatever the caller's settings are.
    """
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)  # until a test replaces it
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        code = 1
    except KeyboardInterrupt:
        code = 130
    except OSError as e:
        name, reason = e.filename or "the output", e.strerror or e
        print(f"error: {name} cannot be read or written: {reason}", file=sys.stderr)
        code = 1
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
