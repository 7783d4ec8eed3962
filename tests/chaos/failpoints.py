"""Named places at which a process of ours dies or hangs, put around its functions from outside: nothing in the product
knows of them. The processes are the real ones (gunicorn, celery, `manage.py dispatch`) with `chaos.settings`.

The folder CHAOS_ORDERS tells them what to do. `order` is one line, `number role deed nth point`: when a process
of that role comes by the point for the nth time, it renames the file to `landed-number` and carries out the deed on
itself: once, however often the process is started again. `<role>.idle`: this role pages nobody.
"""

import os
import signal
from collections.abc import Callable
from functools import partial, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig

BEFORE, AFTER = "before", "after"

# What a web process does for one dangerous answer, in order.
WEB = {
    "the key is taken": (AFTER, "intake.services.responses", "take"),
    "the incident is made": (AFTER, "escalation.services.opening", "_create"),
    "the first pages are written": (AFTER, "escalation.services.paging", "take_step"),
    "the answer is stored": (AFTER, "intake.services.responses", "store"),
    "all is committed": (BEFORE, "core.doorbell", "_send"),
    "the bell has rung": (AFTER, "intake.api", "save_answers"),
}
# What the worker and the dispatcher do for one page, and for the next step of a ladder.
DRIVER = {
    "a page is claimed": (BEFORE, "escalation.services.delivery", "_send"),
    "a page is about to be sent": (BEFORE, "core.channels.email", "EmailChannel.deliver"),
    "a page is sent": (AFTER, "core.channels.email", "EmailChannel.deliver"),
    "a page is settled": (AFTER, "escalation.services.delivery", "_settle"),
    "a settled page is committed": (AFTER, "escalation.services.delivery", "_delivered"),
    "the next pages are written": (AFTER, "escalation.services.paging", "take_step"),
    "the next pages are committed": (AFTER, "escalation.services.paging", "_advance"),
}
# "stall": of a worker only the child that does the work.
SIGNALS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP, "stall": signal.SIGSTOP}


class Failpoints(AppConfig):
    """Installed last, so that everything that it wraps is there."""

    name = "chaos"

    def ready(self) -> None:
        role = os.environ.get("CHAOS_ROLE", "")
        if not role:
            return
        orders = Orders(Path(os.environ["CHAOS_ORDERS"]), role)
        for point, (when, module, name) in (WEB if role == "web" else DRIVER).items():
            passing = partial(orders.come_by, point)
            if when == BEFORE:
                put_around(module, name, before=passing)
            else:
                put_around(module, name, after=passing)
        for job in ("advance_due", "deliver_due"):
            put_around("escalation.services", job, instead=orders.is_idle)


def put_around(
    module: str,
    name: str,
    *,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
    instead: Callable[[], bool] = lambda: False,
) -> None:
    """Wrap `name` of `module` where it is looked up when called; while `instead()` holds it does nothing."""
    holder: Any = import_module(module)
    *parts, last = name.split(".")
    for part in parts:
        holder = getattr(holder, part)
    inner = getattr(holder, last)

    @wraps(inner)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if instead():
            return None
        before()
        result = inner(*args, **kwargs)
        after()
        return result

    setattr(holder, last, wrapped)


class Orders:
    """What this process is told to do to itself."""

    def __init__(self, folder: Path, role: str) -> None:
        self.folder, self.role = folder, role

    def is_idle(self) -> bool:
        return (self.folder / f"{self.role}.idle").exists()

    def count(self, number: str) -> int:
        """How many have come by, this one included, in whatever process: a byte each, at the end of a file."""
        passes = os.open(self.folder / f"passes-{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(passes, b".")
            return os.lseek(passes, 0, os.SEEK_CUR)
        finally:
            os.close(passes)

    def come_by(self, point: str) -> None:
        order = self.folder / "order"
        try:
            line = order.read_text()
        except FileNotFoundError:
            return
        number, role, deed, nth, wanted = line.split(maxsplit=4)
        if (role, wanted) != (self.role, point):
            return
        if self.count(number) != int(nth):
            return
        order.rename(self.folder / f"landed-{number}")
        if role == "worker" and deed != "stall":
            os.killpg(0, SIGNALS[deed])  # with its parent, beat and all: the worker as a whole
        else:
            os.kill(os.getpid(), SIGNALS[deed])
