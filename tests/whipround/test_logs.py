"""Logs tell which page failed, and not the part of an address that lets its bearer in."""

import logging

import pytest
from django.test import Client

from payments.monthly.link import make_token
from tests.factories import make_appeal, make_monthly
from whipround.logs import SecretAddresses


@pytest.mark.django_db
def test_a_refused_form_of_a_donors_page_logs_no_link(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    monthly = make_monthly(appeal=make_appeal(), subscription_id="sub_1")
    token = make_token(monthly)
    assert client.post(f"/monthly/{token}/amount/", {}).status_code == 422
    assert "Unprocessable Entity: /monthly/.../amount/" in caplog.text
    assert token not in caplog.text


def test_other_words_stay_as_they_are() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "Not Found: %s", ("/monthly/x/",), None)
    assert SecretAddresses().filter(record)
    assert record.getMessage() == "Not Found: /monthly/x/"
    assert record.args == ("/monthly/x/",)


def test_a_signed_address_is_left_out_wherever_it_stands() -> None:
    told = ("/monthly/" + "0" * 32 + ".1xW4yI.maax7Ro5-_/back/",)
    record = logging.LogRecord("x", logging.INFO, "", 0, "Not Found: %s", told, None)
    assert SecretAddresses().filter(record)
    assert record.getMessage() == "Not Found: /monthly/.../back/"


@pytest.mark.parametrize("code", ["K7QF-2M9X-TR4B", "k7qf2m9xtr4b"])
def test_the_code_of_a_seat_is_left_out(code: str) -> None:
    told = (f"/count/{code}/buckets/1/",)
    record = logging.LogRecord("x", logging.INFO, "", 0, "Not Found: %s", told, None)
    assert SecretAddresses().filter(record)
    assert record.getMessage() == "Not Found: /count/.../buckets/1/"


@pytest.mark.parametrize("path", ["/count/", "/count/waiting/", "/count/K7QF-2M9X-TR4B-MORE/"])
def test_what_is_no_code_stays(path: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "Not Found: %s", (path,), None)
    assert SecretAddresses().filter(record)
    assert record.getMessage() == f"Not Found: {path}"


def test_the_link_of_a_remote_is_left_out() -> None:
    told = ("/stage/r/" + "aB3-_" * 8 + "xyz/",)
    record = logging.LogRecord("x", logging.INFO, "", 0, "Not Found: %s", told, None)
    assert SecretAddresses().filter(record)
    assert record.getMessage() == "Not Found: /stage/r/.../"
