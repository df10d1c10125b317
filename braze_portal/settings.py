"""Every setting, read from the environment, right with no environment at all."""

import os
import sys
from ipaddress import ip_network
from pathlib import Path

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from braze_portal import connections, embedded_postgres, hosts, logs
from braze_portal.environment import counts, database, flag, kept_secret, rates, roles, words

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))

DEBUG = flag("DEBUG")
SECRET_KEY = kept_secret("SECRET_KEY", VAR_DIR / "secrets")
# Newest first: the first key encrypts, all of them decrypt. Rotate by putting a new one in front.
DATA_KEYS = words("DATA_KEYS") or [kept_secret("DATA_KEY", VAR_DIR / "secrets")]
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
# What partners are told to call. Without it, the address by which the page was opened.
REST_ENDPOINT = os.environ.get("REST_ENDPOINT", "").rstrip("/")
# The address that `serve` listens on, which it sets, and what is named here or above.
ALLOWED_HOSTS = hosts.allowed(
    served=os.environ.get("SERVE_HOST", ""),
    named=words("ALLOWED_HOSTS"),
    urls=[REST_ENDPOINT, *CSRF_TRUSTED_ORIGINS],
)
# Networks that the portal may call although they are not public: ``10.1.0.0/16 127.0.0.1``.
OUTBOUND_ALLOW = [ip_network(word) for word in words("OUTBOUND_ALLOW")]

INSTALLED_APPS = [
    "workspaces",
    "currents",
    "profiles",
    "segments",
    "cohorts",
    "campaigns",
    "braze_portal",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "braze_portal.middleware.Sessions",
    "braze_portal.middleware.Languages",
    "braze_portal.middleware.Refusals",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "braze_portal.middleware.Users",
    "braze_portal.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "braze_portal.middleware.Locked",
]

ROOT_URLCONF = "braze_portal.urls"
WSGI_APPLICATION = "braze_portal.wsgi.application"
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
                "braze_portal.shell.context",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": database(
        os.environ.get("DATABASE_URL") or embedded_postgres.url(VAR_DIR / "postgres")
    )
}
# By these names ``braze_portal.health`` knows the workers.
if job_roles := roles(sys.argv):
    own_name = DATABASES["default"]["OPTIONS"].get("application_name", "braze_portal")
    DATABASES["default"]["OPTIONS"]["application_name"] = f"{own_name} {' '.join(job_roles)}"
DATABASES["default"]["OPTIONS"] |= {
    # Only ``lib.statements.prepared`` has statements prepared: after so many runs.
    "prepare_threshold": 2,
    # A database that was restarted costs no request: a dead connection is noticed as it is handed
    # out.
    "pool": {
        "min_size": 1,
        "max_size": 32,
        "timeout": 10,
        "check": connections.check,
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "workspaces.passwords.CountedTries",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["workspaces.passwords.PatientHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
SESSION_COOKIE_AGE = 60 * 60 * 24
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "workspaces.views.locked_out"
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "workspaces.sign_in.guarded_name"
AXES_CLIENT_IP_CALLABLE = "lib.request_addresses.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Behind a proxy that ends TLS: cookies only over https, and trust its forwarded scheme.
BEHIND_TLS = flag("BEHIND_TLS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_REFERRER_POLICY = "same-origin"

# A segment builder posts each value of each filter: 100 filters of 256 values at most.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 30_000
# Each of 10,000 bytes at most, which take up to three times as many in a form; its names; and all
# that once more as JSON.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "braze_portal" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "braze_portal" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
ICONS_DIR = BASE_DIR / "node_modules" / "@tabler" / "icons" / "icons" / "outline"

# Mail goes to files, to be read in the portal's var/mail, until a server is named.
SMTP_HOST = os.environ.get("SMTP_HOST", "")
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": SMTP_HOST,
            "port": int(os.environ.get("SMTP_PORT", "587")),
            "username": os.environ.get("SMTP_USER", ""),
            "password": os.environ.get("SMTP_PASSWORD", ""),
            "use_tls": flag("SMTP_TLS", default=True),
            "timeout": 10,  # seconds; an invitation is mailed while its admin waits
        },
    }
    if SMTP_HOST
    else {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": VAR_DIR / "mail"},
    }
}

DEFAULT_FROM_EMAIL = os.environ.get("SMTP_FROM") or "braze-portal@localhost"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest.bodies.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest.bodies.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "rest.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
REST_BODY_BYTES = 1024 * 1024
# Of the call that may have the largest: /users/track.
REST_LARGEST_BODY_BYTES = 4 * REST_BODY_BYTES
# Calls of a workspace in so many seconds, as Braze has them.
RATE_LIMITS = {
    "partners": (250_000, 3600),
    "default": (250_000, 3600),
    "track": (3_000, 3),
    "track_bulk": (5, 1),
    "identities": (20_000, 60),
    "external_ids": (1_000, 60),
    "export_ids": (250, 60),
    "export_ids_fields": (40, 1),
    "names": (1_000, 3600),
    "campaign_series": (50_000, 60),
}
# US dollars for one of another currency, such as EUR=1.08 GBP=1.27; without a rate, one for one.
EXCHANGE_RATES = rates("EXCHANGE_RATES")
# How long a call or a page waits for rows that another transaction holds, and how long a job does.
IMPORT_LOCK_TIMEOUT = "3s"
JOB_LOCK_TIMEOUT = "60s"
# A database session that does nothing within an open transaction holds up the delivery of all
# events. After so many seconds it is ended; 0 is never.
END_IDLE_TRANSACTIONS_AFTER = float(os.environ.get("END_IDLE_TRANSACTIONS_AFTER", "0"))
PROCRASTINATE_WORKER_DEFAULTS = {
    "task_middleware": [connections.as_job],
    "stalled_worker_timeout": 60.0,  # as lib.stalled_jobs has it
}
# What is done for one workspace at once, by kind of job: JOB_SLOTS="imports=4 exports=1" changes
# some of it. A sender has five slots, of which a workspace has SENDER_SLOTS at most.
JOB_SLOTS = counts("JOB_SLOTS", imports=2, exports=2, leaves=2, callbacks=2, sizes=1)
SENDER_SLOTS = int(os.environ.get("SENDER_SLOTS", "3"))
PROCRASTINATE_ON_APP_READY = "workspaces.slots.install"
SPECTACULAR_SETTINGS = {
    "TITLE": "Braze Portal REST API",
    "VERSION": "1",
    "DESCRIPTION": (BASE_DIR / "braze_portal" / "rest.md").read_text(),
    # In the order in which a company comes to need them.
    "TAGS": [
        {"name": "User data", "description": "Who people are, and what they did."},
        {"name": "External ids", "description": "Moving from one kind of external id to another."},
        {"name": "User export", "description": "All that is known of people."},
        {"name": "Subscriptions", "description": "E-mail as a whole, and subscription groups."},
        {"name": "Segments", "description": "Which there are, and how large they were."},
        {"name": "Campaigns", "description": "Which there are, and what became of them."},
        {"name": "Canvas", "description": "Which there are, and what became of them."},
        {"name": "Analytics", "description": "What happened, by the day or the hour."},
        {
            "name": "Partner cohort import",
            "description": "For partners, who send two keys in the body instead of a header.",
        },
    ],
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "list", "filter": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "SubscriptionEnum": "profiles.models.Subscription",
        "GroupStateEnum": "profiles.subscriptions.serializers.STATES",
    },
}

DEFAULT_EXCEPTION_REPORTER_FILTER = "braze_portal.error_reports.NoValues"
# One line a record: text, or JSON with LOG_FORMAT=json. Both carry the id of the request.
LOGGING = logs.configuration(
    form=os.environ.get("LOG_FORMAT", "line"),
    level=os.environ.get("LOG_LEVEL", "WARNING"),
    access=flag("ACCESS_LOG", default=True),
)
