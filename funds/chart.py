"""The accounts that code must find by itself; appeals open their own."""

from typing import Final, NamedTuple

from funds.models import Account


class ChartLine(NamedTuple):
    """An account that stands in every chart, once per currency."""

    code: str
    name: str
    kind: Account.Kind


STRIPE_CLEARING: Final = ChartLine("stripe-clearing", "Held by Stripe", Account.Kind.ASSET)
BANK: Final = ChartLine("bank", "Bank", Account.Kind.ASSET)
FEES: Final = ChartLine("fees", "Card fees", Account.Kind.EXPENSE)
OVER_AND_SHORT: Final = ChartLine(
    "over-and-short", "Differences between the count and the bank", Account.Kind.EXPENSE
)


def account(line: ChartLine, *, currency: str) -> Account:
    """The account of a chart line in a currency (ISO 4217), opened on first use."""
    found, _ = Account.objects.get_or_create(
        code=f"{line.code}:{currency}",
        defaults={
            "name": f"{line.name} ({currency})",
            "kind": line.kind,
            "currency": currency,
        },
    )
    return found
