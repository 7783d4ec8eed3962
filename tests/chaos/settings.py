"""The test servers' settings with a connection pool, as an installation has one, and with the failpoints installed."""

from server_settings import *  # noqa: F403  (as server_settings itself: the overrides of one module)
from server_settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "chaos.failpoints.Failpoints"]
DATABASES["default"]["OPTIONS"] |= {
    "pool": {"min_size": 1, "max_size": 6, "timeout": 10},
    "options": "-c idle_in_transaction_session_timeout=4s",  # sooner than an installation: a test waits for it
}
CELERY_TASK_TIME_LIMIT = 8
