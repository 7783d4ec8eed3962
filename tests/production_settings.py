"""The settings as an installation has them, with compressed and fingerprinted static files, in a folder of the test's."""

from config.settings import *  # noqa: F403  (as settings_test: one name of one module is another)
from config.settings import DATA_DIR

STATIC_ROOT = DATA_DIR / "static"
