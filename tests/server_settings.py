"""The test settings with real mail, for the web server and the dispatcher that tests start as processes."""

from config.environment import BASE_DIR
from config.settings_test import *  # noqa: F403  (as settings_test itself: the overrides of one module)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
STATIC_ROOT = BASE_DIR / "staticfiles"  # manage.py checks that it is no source folder
CELERY_BROKER_URL = REDIS_URL or "memory://"  # noqa: F405
