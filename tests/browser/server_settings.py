"""The test settings with real mail: the web server and the dispatcher of the browser tests are processes of their own."""

from config.settings_test import *  # noqa: F403  (as settings_test itself: the overrides of one module)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
