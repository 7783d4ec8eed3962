"""The settings of an installation, for the two servers that `benchmarks.autosave` compares."""

import os

from production_settings import *  # noqa: F403  (found through PYTHONPATH: tests/)

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
if os.environ.get("CANDOR_FLOOR"):
    ROOT_URLCONF, MIDDLEWARE = "benchmarks.floor", []
