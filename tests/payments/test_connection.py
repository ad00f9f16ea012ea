import pytest
from pytest_django import Settings

from payments.stripe_gateway.client import StripeUnavailableError
from payments.stripe_gateway.connection import check_connection
from tests.pretend_stripe.process import PretendStripe


def test_a_stripe_that_answers_in_our_mode_is_fine(stripe: PretendStripe) -> None:
    check_connection()


def test_a_key_of_the_other_mode_is_refused(stripe: PretendStripe, settings: Settings) -> None:
    settings.STRIPE_LIVEMODE = True

    with pytest.raises(StripeUnavailableError, match="the key is of test mode"):
        check_connection()


def test_a_stripe_that_is_down_is_said(stripe: PretendStripe) -> None:
    stripe.turn(fail_with="500", fail_probability=1)

    with pytest.raises(StripeUnavailableError, match="APIError"):
        check_connection()
