"""Taking: Stripe's lines become rows of ours, each once, whatever we make of them."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from funds.models import Organisation
from funds.money import to_minor
from funds.organisation import local_date, read_organisation
from payments.balance.deciding import Category, Whose, decide, read_owners
from payments.balance.kinds import Meaning, meaning_of
from payments.balance.payouts import note_payouts
from payments.models import BalanceLine
from payments.stripe_gateway.balance import StripeLine


@transaction.atomic
def take(lines: Sequence[StripeLine]) -> int:
    """Keep Stripe's lines, and the payouts among their sources; answers how many were new.

    A line that is known stays as it is: Stripe does not change it. Nothing is booked yet.
    """
    known = set(
        BalanceLine.objects.filter(stripe_id__in=[line.stripe_id for line in lines]).values_list(
            "stripe_id", flat=True
        )
    )
    new = {line.stripe_id: line for line in lines if line.stripe_id not in known}
    if new:
        organisation = read_organisation()
        rows = {key: _row(line, organisation) for key, line in new.items()}
        _decide(rows, new)
        # Against another road that takes the same lines just now, such as a payout's contents.
        BalanceLine.objects.bulk_create(rows.values(), ignore_conflicts=True)
    note_payouts([line.source.payout for line in lines if line.source.payout is not None])
    return len(new)


def _row(line: StripeLine, organisation: Organisation) -> BalanceLine:
    source = line.source
    is_changed = source.amount is not None and source.amount.currency != line.amount.currency
    amount_minor, fee_minor = to_minor(line.amount), to_minor(line.fee)
    row = BalanceLine(
        stripe_id=line.stripe_id,
        type=line.type,
        reporting_category=line.reporting_category,
        source_id=source.source_id,
        payment_intent_id=source.payment_intent_id,
        amount_minor=amount_minor,
        fee_minor=fee_minor,
        net_minor=amount_minor - fee_minor,
        currency=line.amount.currency.code,
        created_at=line.created_at,
        occurred_on=local_date(line.created_at, organisation),
        available_on=line.available_on,
    )
    if is_changed and source.amount is not None:
        minor = abs(to_minor(source.amount))
        row.source_minor = minor if amount_minor > 0 else -minor
        row.source_currency = source.amount.currency.code
    return row


def _decide(rows: Mapping[str, BalanceLine], lines: Mapping[str, StripeLine]) -> None:
    """What can be decided with what the line shows and what we know; the rest is asked for later.

    A charge that bears our mark is ours, also before we heard of its payment. One without it
    could still have paid an invoice of ours, if Stripe knows its customer.
    """
    owners = read_owners(rows.values())
    for key, row in rows.items():
        source = lines[key].source
        whose = owners[row.payment_intent_id]
        if source.is_marked and row.payment_intent_id:
            whose = Whose.OURS
        elif whose is Whose.UNKNOWN and _is_charge(row) and not source.has_customer:
            whose = Whose.THEIRS
        if _is_charge(row):
            owners[row.payment_intent_id] = whose
        row.category, row.principal_key, row.last_error = decide(row, whose)
    for row in rows.values():  # what came before its charge in this very page
        if row.category == Category.UNDECIDED:
            row.category, row.principal_key, row.last_error = decide(
                row, owners[row.payment_intent_id]
            )


def _is_charge(row: BalanceLine) -> bool:
    return meaning_of(row.type, row.reporting_category) is Meaning.CHARGE
