"""The settings as an installation has them: static files compressed and fingerprinted, in a folder of the test's."""

from config.settings import *  # noqa: F403  (as settings_test: one name of one module is another)
from config.settings import DATA_DIR

STATIC_ROOT = DATA_DIR / "static"
