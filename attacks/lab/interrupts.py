"""Programs that end what they began, however they are ended."""

import signal
import sys


def until_interrupted(main):
    """Exits with main's exit code; with 130 for a signal, which is as Ctrl-C to it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # even if begun with &
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
