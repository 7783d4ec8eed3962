#!/usr/bin/env python
"""Django's command line. Database commands need the services that `./run setup` starts."""

import os
import sys

try:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError
except ModuleNotFoundError:
    sys.exit("Django is not installed for this Python. Run ./run setup, then: .venv/bin/python manage.py …")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "dispatch" not in sys.argv[1:2] or "--once" in sys.argv:
        # One connection will do, and without the pool's patience a missing database is told at once, with its reason.
        os.environ.setdefault("DATABASE_POOL", "0")
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if os.environ.get("CANDOR_TRACEBACK"):
            raise
        sys.stderr.write(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left of the output can't be written
        return 1
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Settings: {error}\n")
        return 1
    except OperationalError as error:
        if os.environ.get("CANDOR_TRACEBACK"):
            raise
        reason = str(error).strip().splitlines()[0]
        sys.stderr.write(f"No database: {reason}. Run ./run setup, or set DATABASE_URL to a PostgreSQL you have.\n")
        return 2  # 1 is a finding: what was checked is wrong
    return 0


if __name__ == "__main__":
    sys.exit(main())
