"""People at the desk, and what they type."""

from uuid import UUID, uuid4

from appeals.models import Appeal
from funds.models import Branch, Membership, User
from payments.models import CheckLine, Pledge, PledgeList
from payments.models.pledge import Method
from payments.pledges.by_ear import hear
from payments.pledges.comparing import Comparison, compare
from payments.pledges.taking import Line, open_list, take
from tests.factories import make_user

Side = PledgeList.Side


class Desk:
    """A record and a check by two people, for an appeal."""

    def __init__(self, appeal: Appeal) -> None:
        self.appeal = appeal
        self.rosa = make_user("rosa", role=Membership.Role.OPERATOR)
        self.karl = make_user("karl", role=Membership.Role.CHAIR)
        self.record = open_list(appeal, Side.RECORD, by=self.rosa)

    def begin_check(self) -> PledgeList:
        self.check = open_list(self.appeal, Side.CHECK, by=self.karl)
        return self.check

    def type(self, typed: str, *, to: PledgeList | None = None, entry: UUID | None = None) -> UUID:
        opened = to or self.record
        by = self.rosa if opened.side == Side.RECORD else self.karl
        return type_in(opened, typed, by=by, entry=entry)

    def compare(self) -> Comparison:
        lists = PledgeList.objects.select_related("appeal")
        return compare(lists.get(pk=self.record.pk), lists.get(pk=self.check.pk))


def type_in(opened: PledgeList, typed: str, *, by: User, entry: UUID | None = None) -> UUID:
    """Take a line down, as the page would."""
    entry = entry or uuid4()
    places = list(Branch.objects.all())
    heard = hear(typed, places=places, currency=opened.appeal.currency)
    branch = next((place for place in places if place.slug == heard.slug), None)
    method = heard.method or Method.PROMISE
    take(opened, entry, [Line(amount, branch, method) for amount in heard.amounts], by=by)
    return entry


def amounts(lines: list[Pledge] | list[CheckLine]) -> list[str]:
    return [f"{line.amount.amount.normalize():f}" for line in lines if not line.is_struck]
