"""The environment: every variable the site reads, checked at the start, each named when wrong."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

_REDIS_URL: Final = re.compile(
    r"rediss?://([^@/\s]*@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d{1,5})?(/\d*)?"
)


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operator set. Addresses have no trailing slash; ``redis_url`` is empty for none."""

    database: dict[str, Any]
    database_url: str
    listen_database_url: str
    redis_url: str
    max_streams: int
    email: dict[str, Any]
    email_from: str
    secret_key: str
    donors_keys: list[str]
    base_url: str
    allowed_hosts: list[str]
    stripe_secret_key: str
    stripe_webhook_secrets: list[str]
    stripe_api_base: str
    stripe_livemode: bool

    @property
    def is_https(self) -> bool:
        """True when visitors reach us by HTTPS: cookies are then marked secure."""
        return self.base_url.startswith("https://")


def read_environment() -> Environment:
    """Read and check the environment.

    Raises:
        ImproperlyConfigured: A variable is missing or wrong; the message names it and says what
            to do.
    """
    env = Env()
    try:
        environment = Environment(
            database=env.dj_db_url("DATABASE_URL", conn_max_age=600, conn_health_checks=True),
            database_url=env.str("DATABASE_URL"),
            listen_database_url=env.str("LISTEN_DATABASE_URL", "") or env.str("DATABASE_URL"),
            redis_url=env.str("REDIS_URL", ""),
            max_streams=env.int("MAX_STREAMS", 20_000),
            email=env.dj_email_url("EMAIL_URL", "console:"),
            email_from=env.str("EMAIL_FROM", "") or _default_sender(env.str("BASE_URL")),
            secret_key=env.str("SECRET_KEY"),
            donors_keys=env.list("DONORS_KEYS", [], subcast=str.strip) or [env.str("SECRET_KEY")],
            base_url=env.str("BASE_URL").rstrip("/"),
            allowed_hosts=env.list("ALLOWED_HOSTS"),
            stripe_secret_key=env.str("STRIPE_SECRET_KEY"),
            stripe_webhook_secrets=env.list("STRIPE_WEBHOOK_SECRETS", subcast=str.strip),
            stripe_api_base=env.str("STRIPE_API_BASE", "").rstrip("/"),
            stripe_livemode=env.bool("STRIPE_LIVEMODE"),
        )
    except EnvError as error:
        raise ImproperlyConfigured(
            f"{error}. Set it in the environment; README.md, 'Run it for real', lists them all."
        ) from error
    _require_sense(environment)
    return environment


def _default_sender(base_url: str) -> str:
    return f"no-reply@{urlsplit(base_url).hostname or 'localhost'}"


def _require_sense(environment: Environment) -> None:
    if environment.database.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database (postgres://…)")
    if environment.redis_url and not _REDIS_URL.fullmatch(environment.redis_url):
        raise ImproperlyConfigured(
            "REDIS_URL must be an address such as redis://127.0.0.1:6379/0, or not be set at all: "
            "the site then does without Redis"
        )
    if environment.max_streams < 1:
        raise ImproperlyConfigured(
            "MAX_STREAMS must be 1 or more: how many live streams a process may hold open"
        )
    if urlsplit(environment.base_url).scheme not in {"http", "https"}:
        raise ImproperlyConfigured("BASE_URL must be an address such as https://give.example.org")
    if "EMAIL_BACKEND" not in environment.email:
        raise ImproperlyConfigured(
            "EMAIL_URL must begin with submission:// (port 587, encrypted), smtp:// (?ssl=true "
            "for port 465), file:/// or console:"
        )
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", environment.email_from):
        raise ImproperlyConfigured("EMAIL_FROM must be one address, such as give@example.org")
    if len(environment.secret_key) < 32:
        raise ImproperlyConfigured("SECRET_KEY must be 32 characters or longer, and kept secret")
    if any(len(key) < 32 for key in environment.donors_keys):
        raise ImproperlyConfigured(
            "DONORS_KEYS must hold keys of 32 characters or longer, the present one first, "
            "separated by commas; leave it empty to use SECRET_KEY"
        )
    secrets = environment.stripe_webhook_secrets
    if not secrets or not all(secrets):
        raise ImproperlyConfigured("STRIPE_WEBHOOK_SECRETS must hold one secret or more (whsec_…)")
    _require_one_mode(environment)


def _require_one_mode(environment: Environment) -> None:
    """Test keys with live mode, or the reverse, would book play money or miss real money."""
    key = environment.stripe_secret_key
    if not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise ImproperlyConfigured("STRIPE_SECRET_KEY must begin with sk_test_, sk_live_ or rk_…")
    is_live_key = key.startswith(("sk_live_", "rk_live_"))
    if is_live_key != environment.stripe_livemode:
        raise ImproperlyConfigured(
            f"STRIPE_SECRET_KEY is a {'live' if is_live_key else 'test'} key, but STRIPE_LIVEMODE "
            f"is {environment.stripe_livemode}: set both to live, or both to test"
        )
    if is_live_key and environment.stripe_api_base:
        raise ImproperlyConfigured(
            "STRIPE_API_BASE is for test keys only: a live key must never be sent elsewhere"
        )
