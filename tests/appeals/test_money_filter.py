from decimal import Decimal

import pytest
from django.template import Context, Template

from appeals.templatetags.money import money
from funds.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("42021", "GBP", "£42,021"),
        ("42021.00", "GBP", "£42,021"),
        ("42021.50", "GBP", "£42,021.50"),
        ("0.01", "GBP", "£0.01"),
        ("0", "GBP", "£0"),
        ("-5", "GBP", "−£5"),  # noqa: RUF001 - the real minus sign
        ("-0.50", "GBP", "−£0.50"),  # noqa: RUF001 - the real minus sign
        ("12345678.90", "GBP", "£12,345,678.90"),
        ("1000.1", "EUR", "€1,000.10"),
        ("500", "JPY", "JPY\N{NO-BREAK SPACE}500"),
        ("1.5", "KWD", "KWD\N{NO-BREAK SPACE}1.500"),
    ],
)
def test_money_reads_as_people_write_it(amount: str, currency: str, text: str) -> None:
    assert money(Money(Decimal(amount), currency)) == text


def test_what_is_not_there_is_shown_as_nothing() -> None:
    template = Template("{% load money %}[{{ none|money }}{{ unknown|money }}]")

    assert template.render(Context({"none": None})) == "[]"


def test_a_bare_amount_takes_its_currency_in_the_template() -> None:
    template = Template("{% load money %}{{ amount|in_currency:'GBP'|money }}")

    assert template.render(Context({"amount": Decimal("25.00")})) == "£25"
