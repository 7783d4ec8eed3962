"""Ring after commit, by task name, with ids only. A dead or hung broker costs the poll interval, nothing else."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ring(task_name: str) -> None:
    """Ask a worker to look at its rows soon. Never raises because of the broker."""
    transaction.on_commit(partial(_send, task_name), robust=True)


def _send(task_name: str) -> None:
    try:
        current_app.send_task(task_name, ignore_result=True, retry=False, expires=60)
    except (OperationalError, OSError) as error:
        log.warning("doorbell %s not rung: %s", task_name, type(error).__name__)
