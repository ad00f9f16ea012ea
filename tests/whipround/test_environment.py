import pytest
from django.core.exceptions import ImproperlyConfigured

from whipround.environment import read_environment

GOOD = {
    "DATABASE_URL": "postgres://user@localhost/whipround",
    "SECRET_KEY": "k" * 40,
    "BASE_URL": "https://give.example.org/",
    "ALLOWED_HOSTS": "give.example.org",
    "STRIPE_SECRET_KEY": "rk_live_1",
    "STRIPE_WEBHOOK_SECRETS": "whsec_new, whsec_old",
    "STRIPE_LIVEMODE": "true",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    optional = (
        *("STRIPE_API_BASE", "EMAIL_URL", "EMAIL_FROM", "LISTEN_DATABASE_URL"),
        *("REDIS_URL", "DONORS_KEYS", "MAX_STREAMS"),
    )
    for name in [*GOOD, *optional]:
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_whole_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    read = read_environment()

    assert read.base_url == "https://give.example.org"
    assert read.stripe_webhook_secrets == ["whsec_new", "whsec_old"]
    assert read.stripe_livemode
    assert read.is_https
    assert read.listen_database_url == GOOD["DATABASE_URL"]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_variable_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(ImproperlyConfigured, match=name):
        read_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("SECRET_KEY", "short"),
        ("MAX_STREAMS", "0"),
        ("MAX_STREAMS", "many"),
        ("BASE_URL", "give.example.org"),
        ("STRIPE_SECRET_KEY", "pk_live_1"),
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_LIVEMODE", "false"),
        ("STRIPE_LIVEMODE", "perhaps"),
        ("STRIPE_WEBHOOK_SECRETS", ""),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_a,,whsec_b"),
        ("DONORS_KEYS", "short"),
        ("DONORS_KEYS", f"{'n' * 40},short"),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("REDIS_URL", "redis://127.0.0.1:6379/cache"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0 "),
        ("EMAIL_URL", "smtp+tls://user:password@mail.example.org"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_FROM", "The Treasurer"),
    ],
)
def test_a_wrong_variable_is_named(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=name):
        read_environment()


@pytest.mark.parametrize(
    ("url", "backend", "port", "is_encrypted"),
    [
        ("", "console", None, False),
        ("submission://user:password@mail.example.org", "smtp", 587, True),
        ("smtp://localhost", "smtp", 25, False),
        ("file:////var/mail", "filebased", None, False),
    ],
)
def test_mail_goes_where_its_address_says(
    environment: pytest.MonkeyPatch, url: str, backend: str, port: int | None, *, is_encrypted: bool
) -> None:
    if url:
        environment.setenv("EMAIL_URL", url)
    email = read_environment().email
    assert f".{backend}." in email["EMAIL_BACKEND"]
    assert (email["EMAIL_PORT"], email["EMAIL_USE_TLS"]) == (port, is_encrypted)


def test_letters_come_from_the_sites_own_host_unless_said(environment: pytest.MonkeyPatch) -> None:
    assert read_environment().email_from == "no-reply@give.example.org"
    environment.setenv("EMAIL_FROM", "treasurer@example.org")
    assert read_environment().email_from == "treasurer@example.org"


def test_the_site_does_without_redis_unless_told(environment: pytest.MonkeyPatch) -> None:
    assert read_environment().redis_url == ""


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1",
        "redis://redis.internal:6379/1",
        "rediss://whipround:p%40ss@redis.example.org:6380/0",
        "redis://:password@[::1]:6379",
    ],
)
def test_redis_is_where_its_address_says(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("REDIS_URL", url)
    assert read_environment().redis_url == url


@pytest.mark.parametrize(
    ("told", "keys"),
    [
        (None, [GOOD["SECRET_KEY"]]),
        ("", [GOOD["SECRET_KEY"]]),
        (f"{'n' * 40}, {'o' * 40}", ["n" * 40, "o" * 40]),
    ],
)
def test_givers_details_are_sealed_with_the_secret_key_unless_another_is_set(
    environment: pytest.MonkeyPatch, told: str | None, keys: list[str]
) -> None:
    if told is not None:
        environment.setenv("DONORS_KEYS", told)

    assert read_environment().donors_keys == keys
