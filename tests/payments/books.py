"""Asking the books in a test's words."""

from appeals.accounts import Role, appeal_account
from appeals.models import Appeal
from funds import chart
from funds.balances import account_balance
from funds.models import Account
from funds.money import Money
from payments.models import CardDonation, WebhookEvent


def raised_by_card(appeal: Appeal) -> Money:
    return account_balance(appeal_account(appeal, Role.CARD))


def held_by_stripe() -> Money:
    return account_balance(chart.account(chart.STRIPE_CLEARING, currency="GBP"))


def fees() -> Money:
    return account_balance(chart.account(chart.FEES, currency="GBP"))


def fresh(donation: CardDonation) -> CardDonation:
    return CardDonation.objects.get(pk=donation.pk)


def the_event() -> WebhookEvent:
    return WebhookEvent.objects.get()


def account_codes() -> set[str]:
    return set(Account.objects.values_list("code", flat=True))
