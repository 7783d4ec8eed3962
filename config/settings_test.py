"""What tests change: speed of hashing, plain static files, a recorded mailbox. Nothing that a rule depends on."""

import os

os.environ.setdefault("DEBUG", "true")

from config.environment import BASE_DIR  # noqa: E402
from config.settings import *  # noqa: E402, F403  (the one star import: overrides of one module)
from config.settings import DATABASES, STORAGES

DEBUG = False
DEMO = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # a file is looked for when it is asked for, not all of them by each new client
STATIC_ROOT = BASE_DIR / "static"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
DATABASES["default"]["OPTIONS"].pop("pool", None)
