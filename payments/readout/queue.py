"""Reading the queue: what waits to be let through, what the lectern may show, what was read."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from appeals.models import Appeal
from funds.models import User
from payments.models import ReadOutRule, ReadOutStep
from payments.readout.items import Item, Sort, queue_begins_at, read_items
from payments.readout.standing import DONE, Standing, State, standing_of

_LENGTHS: Final = ((24, "short"), (60, "long"))


@dataclass(frozen=True, slots=True)
class Queued:
    """A thing and how it stands."""

    item: Item
    standing: Standing

    @property
    def state(self) -> State:
        """Where it is on its way to the lectern."""
        return self.standing.state

    @property
    def who(self) -> str:
        """From whom, as it is to be said."""
        return self.item.who(nameless=self.standing.nameless)

    @property
    def words(self) -> str:
        """The whole sentence, as it is to be said."""
        return self.item.words(nameless=self.standing.nameless)

    @property
    def has_name(self) -> bool:
        """Whether a name would be said, and so may be left out."""
        return bool(self.item.name) and not self.standing.nameless

    @property
    def length(self) -> str:
        """How large its words can be set at the lectern: ``short``, ``long`` or ``longest``."""
        longest = max(len(self.who), len(self.item.where))
        return next((name for most, name in _LENGTHS if longest <= most), "longest")

    @property
    def last_step(self) -> int:
        """The key of the step that counts last, or 0."""
        return self.standing.last.pk if self.standing.last else 0

    @property
    def version(self) -> str:
        """Changes when what is shown of it does."""
        return f"{self.last_step}-{self.state}-{'gone' if self.item.gone else 'there'}"


@dataclass(frozen=True, slots=True)
class Queue:
    """All of an evening, in the order in which it came; ``rule`` is None where nobody set one."""

    appeal: Appeal
    since: datetime
    rule: ReadOutRule | None
    queued: list[Queued]

    @property
    def needs_two(self) -> bool:
        """Whether two people must let a thing through."""
        return self.rule is not None and self.rule.needs_two

    def in_state(self, *states: State) -> list[Queued]:
        """What is in one of these states."""
        return [one for one in self.queued if one.state in states]

    @property
    def to_decide(self) -> list[Queued]:
        """What has not been let through by enough people."""
        return self.in_state(State.NEW, State.SECOND)

    @property
    def ready(self) -> list[Queued]:
        """What the lectern may show."""
        return self.in_state(State.READY)

    @property
    def held(self) -> list[Queued]:
        """What is held back."""
        return self.in_state(State.HELD)

    @property
    def done(self) -> list[Queued]:
        """What was read out or skipped, the last first."""
        return sorted(self.in_state(*DONE), key=lambda one: -one.last_step)

    def passed_once_by(self, user: User) -> set[UUID]:
        """Of what waits for a second person, the things that this one let through."""
        return {one.item.reference for one in self.queued if user.pk in one.standing.passed_by}


def read_rule(appeal: Appeal) -> ReadOutRule | None:
    """The rule that counts now."""
    return appeal.read_out_rules.select_related("by").order_by("-pk").first()


def read_queue(appeal: Appeal) -> Queue:
    """The queue of the night, or of the last hours while none is begun.

    What was paid back or is disputed is not in it, unless it was read out: then it is marked.
    """
    since, rule = queue_begins_at(appeal), read_rule(appeal)
    items = read_items(appeal, since=since)
    steps = _steps_about(items)
    needs_two = rule is not None and rule.needs_two
    queued = [Queued(item, standing_of(steps[item.key], needs_two=needs_two)) for item in items]
    shown = [one for one in queued if not one.item.gone or one.state == State.READ]
    return Queue(appeal, since, rule, shown)


def _steps_about(items: list[Item]) -> defaultdict[tuple[Sort, int], list[ReadOutStep]]:
    steps: defaultdict[tuple[Sort, int], list[ReadOutStep]] = defaultdict(list)
    keys = {sort: [item.pk for item in items if item.sort is sort] for sort in Sort}
    found = ReadOutStep.objects.filter(
        Q(donation__in=keys[Sort.DONATION]) | Q(pledge__in=keys[Sort.PLEDGE])
    )
    for step in found.select_related("by").order_by("pk"):
        if step.donation_id is not None:
            steps[Sort.DONATION, step.donation_id].append(step)
        elif step.pledge_id is not None:
            steps[Sort.PLEDGE, step.pledge_id].append(step)
    return steps
