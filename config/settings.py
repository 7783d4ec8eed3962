"""One settings file, safe by default: what is missing stops the start with a sentence."""

from pathlib import Path
from typing import Any

import environ
from celery.schedules import schedule
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.environment import BASE_DIR, NEEDS_NOTHING, address, env, flag, given, key, number, secret

# --- mode -----------------------------------------------------------------------------------------
DEVELOPMENT = flag("DEBUG")
DEMO = flag("CANDOR_DEMO")
# The demo shows people what production would: kind error pages, never a traceback.
DEBUG = DEVELOPMENT and not DEMO


def field_keys() -> dict[str, bytes]:
    """`CANDOR_FIELD_KEYS`: `id:base64[,id:base64]`; the first encrypts, the others still read."""
    text = secret("CANDOR_FIELD_KEYS")
    if NEEDS_NOTHING and ":" not in text:
        text = f"none:{text}"
    ring = {}
    for part in text.split(","):
        kid, _, value = part.strip().partition(":")
        if not kid or not value:
            raise ImproperlyConfigured("CANDOR_FIELD_KEYS must look like k1:<base64 of 32 bytes>[,k0:<older key>].")
        ring[kid] = key("CANDOR_FIELD_KEYS", value)
    return ring


SECRET_KEY = secret("SECRET_KEY")
FIELD_KEYS = field_keys()
INDEX_KEY = key("CANDOR_INDEX_KEY", secret("CANDOR_INDEX_KEY"))
AUDIT_KEY = key("CANDOR_AUDIT_KEY", secret("CANDOR_AUDIT_KEY"))

# --- who serves whom ------------------------------------------------------------------------------
BASE_URL = address("BASE_URL", default="http://127.0.0.1:8000")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEVELOPMENT else [])
CSRF_TRUSTED_ORIGINS = [BASE_URL]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
SITE_ID = 1

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "ehr.apps.EhrConfig",
    "intake.apps.IntakeConfig",
    "consents.apps.ConsentsConfig",
    "screening.apps.ScreeningConfig",
    "escalation.apps.EscalationConfig",
    "core.apps.CoreConfig",
    "audit.apps.AuditConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "guardian",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.PrivateResponses",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.middleware.SecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


# --- database: the runtime role; migrations run with DATABASE_OWNER_URL ------------------------------
def database() -> dict[str, Any]:
    url = env.str("DATABASE_URL", default="")
    if not url:
        if not NEEDS_NOTHING:
            raise ImproperlyConfigured("DATABASE_URL is not set. Run ./run setup, or set it to a PostgreSQL you have.")
        url = "postgresql://nobody@/none"
    is_ours = url.startswith(("postgres://", "postgresql://"))
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url) if is_ours else {}
    except ValueError as error:
        raise ImproperlyConfigured("DATABASE_URL is no address: look at its host and port.") from error
    if not config.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: Candor's guarantees live there.")
    options = config.setdefault("OPTIONS", {})
    if (size := number("DATABASE_POOL", 6, least=0)) and not NEEDS_NOTHING:
        options["pool"] = {"min_size": 1, "max_size": size, "timeout": 10}
    pooler = flag("BEHIND_PGBOUNCER")
    # A process that hangs inside a transaction would keep its rows locked for ever: a page, or an incident's next step.
    # PgBouncer refuses the option: there it is the role's (config.E003 says how).
    if not pooler:
        options.setdefault("options", "-c idle_in_transaction_session_timeout=30s")
    config |= {"DISABLE_SERVER_SIDE_CURSORS": pooler}
    return {**config, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}


DATABASES = {"default": database()}
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
# Who the web and the workers are; when the owner runs a command, DATABASE_URL is the owner's.
RUNTIME_ROLE = env.str("CANDOR_RUNTIME_ROLE", default="candor_web")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "candor_cache"}}

# --- staff sign in: password and second factor, always -----------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "staff-home"
ACCOUNT_ADAPTER = "core.adapters.StaffOnlyAccounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up here: `add_staff` names the address, and no mail confirms it
MFA_TOTP_ISSUER = "Candor"
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False

# --- sessions and cookies: session and CSRF only, never an answer -----------------------------------
SECURE = BASE_URL.startswith("https://")
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 10 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
STAFF_IDLE_SECONDS = number("STAFF_IDLE_SECONDS", 15 * 60)
PATIENT_IDLE_SECONDS = number("PATIENT_IDLE_SECONDS", 20 * 60)
SHARED_IDLE_SECONDS = number("SHARED_IDLE_SECONDS", 5 * 60)  # on a phone that other people use too
TABLET_IDLE_SECONDS = number("TABLET_IDLE_SECONDS", 2 * 60)  # on the clinic's own tablet, in a patient's hands
if TABLET_IDLE_SECONDS < 90:
    raise ImproperlyConfigured("TABLET_IDLE_SECONDS must be 90 or more: the page warns a minute before it closes.")
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "config.views.not_from_here"

SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY") else None
# Not "no-referrer": with it a browser sends `Origin: null` with every form, and no form would pass the CSRF check.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "img-src": [SELF, "data:"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
# A photo is held in memory and never touches the disk; what is larger is read past and not kept at all.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 15 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 4

# --- doorbell: Celery carries ids only; the truth is in PostgreSQL -----------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A child that hangs is ended; else a worker alone would page nobody. What it was at is a row whose lease runs out.
CELERY_TASK_TIME_LIMIT = 120
# A job takes up nothing more after this: only what hangs meets the limit, and pages don't wait long behind the others.
TURN_SECONDS = 25
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_throttle": 1,
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.5,
    "max_retries": 0,
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": schedule(seconds), "options": {"expires": seconds}}
    for name, seconds in {
        "escalation.advance_due": 2.0,
        "escalation.deliver_due": 2.0,
        "intake.assess_unassessed": 30.0,
        "escalation.send_canary": 5.0,
        "intake.audit_paging": 20.0,
        "intake.tell_compliance": 30.0,
        "escalation.drills": 60.0,
        "escalation.tell_supervisors": 30.0,
        "escalation.beat": 20.0,
        "screening.raise_overdue": 60.0,
        "consents.take_effect_due": 30.0,
        "consents.seal_due": 5.0,
        "consents.stamp_due": 30.0,
        "ehr.relay_finished": 5.0,
        "ehr.push_due": 3.0,
        "ehr.read_charts_due": 5.0,
        "audit.seal": 3.0,
    }.items()
}

# --- messages: fixed texts, no PHI ----------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 8
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="alerts@localhost")

# --- crisis help on pages that belong to no clinic: the way in, and error pages --------------------------
COUNTRY = env.str("CANDOR_COUNTRY", default="US")

# --- escalation -----------------------------------------------------------------------------------
PAGE_LEASE_SECONDS = 30
OUTCOME_DEADLINE_MINUTES = number("OUTCOME_DEADLINE_MINUTES", 60)
# Who hears that paging itself is in trouble, not by way of a page; and the monitor that hears while it is not.
OPERATOR_EMAIL, ALARM_WEBHOOK, HEARTBEAT_URL = given("OPERATOR_EMAIL"), given("ALARM_WEBHOOK"), given("HEARTBEAT_URL")

# --- channels: whom they reach is in the contact points; these are the installation's own accounts -----------
# Anything that speaks Twilio's API.
TWILIO_BASE_URL = address("TWILIO_BASE_URL", default="https://api.twilio.com")
TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN = given("TWILIO_ACCOUNT_SID"), given("TWILIO_AUTH_TOKEN")
TWILIO_FROM = given("TWILIO_FROM")
WEBHOOK_KEY = given("WEBHOOK_KEY")

# --- EHR ------------------------------------------------------------------------------------------
EHR_IDENTIFIER_SYSTEM = env.str("EHR_IDENTIFIER_SYSTEM", default=f"{BASE_URL}/fhir/export-item")
EHR_ALLOW_LOOPBACK = flag("EHR_ALLOW_LOOPBACK", default=DEVELOPMENT)

# --- data folder, demo ------------------------------------------------------------------------------
DATA_DIR = Path(env.str("CANDOR_DATA", default=str(BASE_DIR / ".data")))
DEMO_HTTP_PORT = number("DEMO_HTTP_PORT", 8025)
# Sockets that the launcher holds for the demo's chart and mailbox.
DEMO_HTTP_FD, DEMO_SMTP_FD = number("DEMO_HTTP_FD", 0, least=0), number("DEMO_SMTP_FD", 0, least=0)


# --- the seal on signed documents: the clinic's certificate, a timestamp authority if there is one ------
SEAL_P12 = given("CANDOR_SEAL_P12") or (str(DATA_DIR / "development-seal.p12") if DEVELOPMENT else "")
SEAL_P12_PASSPHRASE = given("CANDOR_SEAL_P12_PASSPHRASE")
SEAL_EARLIER_CERTIFICATES = given("CANDOR_SEAL_EARLIER_CERTIFICATES")
TSA_URL, TSA_SECONDS = given("CANDOR_TSA_URL"), number("CANDOR_TSA_SECONDS", 4)

# --- language, time, files --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.FormParser"],
    "UNAUTHENTICATED_USER": None,
}

SIMPLE_HISTORY_ENFORCE_HISTORY_MODEL_PERMISSIONS = True
SIMPLE_HISTORY_REVERT_DISABLED = True

# --- logs: ids and reasons, never content -------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "core.logs.ScrubbedFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "httpx": {"level": "WARNING"},
        # An address of a chat or push service holds its token.
        "apprise": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        # It would tell whose certificate it doesn't trust; whom to trust is decided by us.
        "pyhanko": {"level": "CRITICAL"},
    },
}
