"""Every setting, read from the environment. The defaults are safe for production on one machine."""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.urls import reverse_lazy

from config.env import Env, secret_key

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
# Everything that the server writes: the database of the small size, the secret key, encoders, uploads, artifacts.
DATA_DIR = env.folder("DATA_DIR", default=BASE_DIR / "var")

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = secret_key(env, path=DATA_DIR / "secret_key")
PUBLIC_URL, _host, _is_plain_http = env.public_url("PUBLIC_URL", default="http://127.0.0.1:8000")

# --- Where requests come from -------------------------------------------------------------------------------
ALLOWED_HOSTS = sorted({_host, "localhost", "127.0.0.1", "[::1]", *env.names("ALLOWED_HOSTS")})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_SSL_REDIRECT = not _is_plain_http
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if _is_plain_http else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not _is_plain_http
SECURE_HSTS_PRELOAD = not _is_plain_http
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY", default=False) else None
SESSION_COOKIE_SECURE = not _is_plain_http
CSRF_COOKIE_SECURE = not _is_plain_http
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False  # htmx reads the token from the page, Django's own scripts from the cookie.
X_FRAME_OPTIONS = "DENY"
# TLS cannot be had on a loopback address, and plain http to any other refuses to start (config/env.py):
# these four checks have nothing left to say there.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"] if _is_plain_http else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The admin's theme runs on Alpine, which evaluates attributes; no inline script is allowed.
        "script-src": [SELF, "'unsafe-eval'"],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "font-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# --- What the server is made of -----------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "unfold",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_q",
    "import_export",
    "csp",
    "moderation.apps.ModerationConfig",
    "classifiers.apps.ClassifiersConfig",
    "annotation.apps.AnnotationConfig",
]
MIDDLEWARE = [
    "moderation.body_guard.BodyGuard",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# A redirect would lose the body of a POST; the API has no trailing slashes.
APPEND_SLASH = False
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
    },
]

# --- Where things are kept ----------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": environ.Env.db_url_config(
        env.text("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'houserules.sqlite3'}")
    )
}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction that reads and then writes cannot fail with "database is locked" halfway.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;",
    }
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
ARTIFACTS_DIR = DATA_DIR / "artifacts"
ENCODERS_DIR = env.folder("ENCODERS_DIR", default=DATA_DIR / "encoders")
UPLOADS_DIR = DATA_DIR / "uploads"
WORK_DIR = DATA_DIR / "work"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": UPLOADS_DIR},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# --- The encoder and the language model ---------------------------------------------------------------------
ENCODER = env.text("ENCODER", default="houserules-1")
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_DEFAULT_URL = "https://api.openai.com/v1"
OPENAI_BASE_URL = env.web_url("OPENAI_BASE_URL", default=OPENAI_DEFAULT_URL)
OPENAI_MODEL = env.text("OPENAI_MODEL", default="gpt-5-mini")
# US dollars for a million tokens, from OpenAI's price list of August 2025.
LLM_PRICES = env.prices("LLM_PRICES", default='{"gpt-5-mini": {"input": 0.25, "output": 2}}')
LLM_CONCURRENCY = env.integer("LLM_CONCURRENCY", default=8, minimum=1, maximum=32)
LLM_TIMEOUT_S = env.integer("LLM_TIMEOUT_S", default=30, minimum=1, maximum=600)
# 0: no limit. A month of the plan begins on the plan's day.
ANNOTATIONS_PER_MONTH = env.integer("ANNOTATIONS_PER_MONTH", default=0)
ANNOTATION_PLAN_DAY = env.integer("ANNOTATION_PLAN_DAY", default=1, minimum=1, maximum=28)

# --- Limits -------------------------------------------------------------------------------------------------
API_MAX_BODY_BYTES = env.integer("API_MAX_BODY_BYTES", default=1_000_000, minimum=1_000)
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", default=50_000_000, minimum=1_000)
UPLOAD_MAX_ROWS = env.integer("UPLOAD_MAX_ROWS", default=200_000, minimum=1)
CHILD_MEMORY_MB = env.integer("CHILD_MEMORY_MB", default=4_000, minimum=512)
TRAINING_TIMEOUT_S = env.integer("TRAINING_TIMEOUT_S", default=3_000, minimum=10)

# --- Background work ----------------------------------------------------------------------------------------
# `retry` only says when a message is delivered again; that a run is not done twice is moderation/runs.py's work.
Q_CLUSTER = {
    "name": "houserules",
    "orm": "default",
    "workers": env.integer("WORKERS", default=2, minimum=1),
    "timeout": TRAINING_TIMEOUT_S + 600,
    "retry": 4 * (TRAINING_TIMEOUT_S + 600),
    "queue_limit": 1,
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "daemonize_workers": False,
    "recycle": 50,
    "poll": 0.5,
    "save_limit": 500,
    "label": "Background tasks",
}

# --- People -------------------------------------------------------------------------------------------------
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en"
TIME_ZONE = env.text("TIME_ZONE", default="UTC")
USE_TZ = True
EMAIL_CONFIG = environ.Env.email_url_config(env.text("EMAIL_URL", default="consolemail://"))
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default=f"Houserules <houserules@{_host}>")

# --- The API ------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["moderation.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["moderation.auth.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["moderation.parsers.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_METADATA_CLASS": "moderation.metadata.NoMetadata",
    "EXCEPTION_HANDLER": "moderation.api_exceptions.handle",
    # Answers have one format; `?format=xml` would be a 404.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
}

# --- Logs: one JSON object a line; never texts or keys ------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.log_format.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", default="INFO").upper()},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "django.request": {"level": "ERROR"},
        "django-q": {"handlers": [], "propagate": True},
    },
}
UNFOLD = {
    "SITE_TITLE": "Houserules",
    "SITE_HEADER": "Houserules",
    "SITE_SUBHEADER": "Classifiers that know your rules",
    "SITE_SYMBOL": "gavel",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.admin_site.favicon"}],
    # There's no site beside the admin to return to.
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["config.admin_site.stylesheet"],
    "SCRIPTS": ["config.admin_site.script"],
    "DASHBOARD_CALLBACK": "config.admin_site.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": "config.admin_site.navigation"},
    "BORDER_RADIUS": "6px",
    # Tailwind's indigo: white on 600 has a contrast of 6.3.
    "COLORS": {
        "primary": {
            "50": "oklch(96.2% .018 272.3)",
            "100": "oklch(93% .034 272.8)",
            "200": "oklch(87% .065 274)",
            "300": "oklch(78.5% .115 274.7)",
            "400": "oklch(67.3% .182 276.9)",
            "500": "oklch(58.5% .233 277.1)",
            "600": "oklch(51.1% .262 277)",
            "700": "oklch(45.7% .24 277)",
            "800": "oklch(39.8% .195 277.4)",
            "900": "oklch(35.9% .144 278.7)",
            "950": "oklch(25.7% .09 281.3)",
        },
    },
}
