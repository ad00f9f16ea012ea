"""Pledges for tests that are about something else than the desk's typing."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from appeals.models import Appeal
from funds.models import Branch, Membership
from funds.money import Money
from payments.models import Pledge, PledgeList
from payments.models.pledge import Method
from payments.pledges.codes import pledge_code
from payments.pledges.window import tell_window
from tests.factories import make_user


def make_pledge(
    appeal: Appeal,
    amount: Money,
    *,
    branch: Branch | None = None,
    method: Method = Method.PROMISE,
    due_in_days: int = 14,
) -> Pledge:
    """A pledge of the record of the appeal's first round of calling, told to the window."""
    record = PledgeList.objects.filter(appeal=appeal, round=1, side=PledgeList.Side.RECORD).first()
    if record is None:
        typist = make_user(role=Membership.Role.OPERATOR)
        record = PledgeList.objects.create(
            appeal=appeal, round=1, side=PledgeList.Side.RECORD, typist=typist
        )
    reference = uuid4()
    pledge = Pledge.objects.create(
        reference=reference,
        code=pledge_code(reference),
        list=record,
        entry=uuid4(),
        place=0,
        appeal=appeal,
        branch=branch,
        amount=amount,
        method=method,
        taken_by=record.typist,
        due_on=timezone.localdate() + timedelta(days=due_in_days),
        came=Money(0, amount.currency.code),
        on_its_way=Money(0, amount.currency.code),
    )
    tell_window(pledge)
    return pledge
