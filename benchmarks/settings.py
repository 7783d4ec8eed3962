"""The settings of an installation, for the two servers that `benchmarks.autosave` compares."""

import os

from config.settings import *  # noqa: F403  (as settings_test: the overrides of one module)

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
if os.environ.get("CANDOR_FLOOR"):
    ROOT_URLCONF = "benchmarks.floor"
    MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]  # allauth does not start without it
