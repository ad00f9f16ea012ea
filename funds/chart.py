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
PAYOUTS_IN_TRANSIT: Final = ChartLine(
    "payouts-in-transit", "On the way from Stripe to the bank", Account.Kind.ASSET
)
UNALLOCATED_RECEIPTS: Final = ChartLine(
    "unallocated-receipts", "Received and not ours to book", Account.Kind.LIABILITY
)
CURRENCY_EXCHANGE: Final = ChartLine(
    "currency-exchange", "Changed by Stripe into another currency", Account.Kind.ASSET
)
SUBS: Final = ChartLine("subs", "Membership subs", Account.Kind.INCOME)
SUBS_IN_HAND: Final = ChartLine("subs-in-hand", "Subs counted, not yet banked", Account.Kind.ASSET)
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


def standing_account(line: ChartLine, *, currency: str) -> Account | None:
    """The account of a chart line in a currency, for readers: None while nothing opened it."""
    return Account.objects.filter(code=f"{line.code}:{currency}").first()
