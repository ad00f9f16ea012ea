"""Codes and links that are derived, and known by their digests."""

import re
import uuid

import pytest
from django.test import override_settings

from funds.codes import code_digest, derive_code, derive_token, token_digest

REFERENCE = uuid.UUID("6a0e7a9c-2f43-4c5e-9b1f-3f4a5d6e7f80")


def test_a_code_can_be_read_out() -> None:
    code = derive_code("tests", REFERENCE)

    assert re.fullmatch(r"(?:[2-9A-HJ-NP-Z]{4}-){2}[2-9A-HJ-NP-Z]{4}", code)


def test_the_same_is_derived_again_and_another_for_another_purpose_or_secret() -> None:
    for derive in (derive_code, derive_token):
        assert derive("tests", REFERENCE) == derive("tests", REFERENCE)
        assert derive("tests", REFERENCE) != derive("tests.other", REFERENCE)
        assert derive("tests", REFERENCE) != derive("tests", uuid.uuid4())
        with override_settings(SECRET_KEY="another"):
            other = derive("tests", REFERENCE)
        assert other != derive("tests", REFERENCE)


@pytest.mark.parametrize("typed", ["k7qf-2m9x-tr4b", "K7QF2M9XTR4B", " k7qf 2m9x\ttr4b\n"])
def test_a_code_is_known_however_it_is_typed(typed: str) -> None:
    assert code_digest(typed) == code_digest("K7QF-2M9X-TR4B")


def test_a_token_fits_into_an_address() -> None:
    token = derive_token("tests", REFERENCE)

    assert re.fullmatch(r"[-\w]{43}", token)
    assert token not in token_digest(token)
    assert token_digest(token) != token_digest(token.lower())
