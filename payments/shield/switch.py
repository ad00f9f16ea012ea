"""What a person decides: whether cards are taken, and when the check is asked for."""

from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from appeals.models import Appeal
from funds.models import User
from payments.models import Attack, CardPause, ChallengeChoice
from payments.shield.limits import LOOK_EVERY

Mode = ChallengeChoice.Mode

WATCH: Final = "watch"
"""The name under which ``ChoreRun`` keeps when the figures were last looked at."""


@dataclass(frozen=True, slots=True)
class ShieldState:
    """How the shield stands for one appeal, now.

    Attributes:
        is_paused: No card is taken for it.
        mode: What a person chose about the check.
        attack_level: How hard the check is while an attack stands; 0 for none.
        is_watch_due: The figures were not looked at for longer than they should be.
    """

    is_paused: bool
    mode: ChallengeChoice.Mode
    attack_level: int
    is_watch_due: bool

    @property
    def is_check_on(self) -> bool:
        """Everybody's browser is asked to do the sum."""
        return self.mode == Mode.ON or (self.mode == Mode.AUTO and self.attack_level > 0)

    @property
    def level(self) -> int:
        """How hard a check is that is asked for now."""
        return max(1, self.attack_level)


_READ: Final = """
SELECT EXISTS (SELECT 1 FROM payments_cardpause
                WHERE resumed_at IS NULL AND (appeal_id IS NULL OR appeal_id = %s)),
       (SELECT mode FROM payments_challengechoice ORDER BY id DESC LIMIT 1),
       (SELECT level FROM payments_attack WHERE ended_at IS NULL),
       NOT EXISTS (SELECT 1 FROM payments_chorerun WHERE name = %s AND finished_at > %s)
"""


def read_shield(appeal: Appeal) -> ShieldState:
    """How the shield stands; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [appeal.pk, WATCH, timezone.now() - 2 * LOOK_EVERY])
        is_paused, mode, level, is_watch_due = cursor.fetchone()
    return ShieldState(is_paused, Mode(mode or Mode.AUTO), level or 0, is_watch_due)


@dataclass(frozen=True, slots=True)
class SwitchBoard:
    """What the page about cards shows. History is newest first."""

    standing: list[CardPause]
    ended: list[CardPause]
    mode: ChallengeChoice.Mode
    choices: list[ChallengeChoice]
    attack: Attack | None
    past_attacks: list[Attack]

    @property
    def pause_of_all(self) -> CardPause | None:
        """The pause that stops every card, while it stands."""
        return next((pause for pause in self.standing if pause.appeal_id is None), None)

    @property
    def paused_appeals(self) -> dict[int, CardPause]:
        """Pauses of single appeals, by the appeal's key."""
        return {pause.appeal_id: pause for pause in self.standing if pause.appeal_id is not None}


def standing_pauses() -> QuerySet[CardPause]:
    """Pauses that have not ended, newest first."""
    standing = CardPause.objects.filter(resumed_at__isnull=True)
    return standing.select_related("appeal", "paused_by").order_by("-pk")


def read_switch_board(*, history: int = 20) -> SwitchBoard:
    """The switches and what was done with them."""
    ended = CardPause.objects.filter(resumed_at__isnull=False).order_by("-pk")
    choices = list(ChallengeChoice.objects.select_related("chosen_by").order_by("-pk")[:history])
    attacks = list(Attack.objects.order_by("-pk")[:history])
    return SwitchBoard(
        standing=list(standing_pauses()),
        ended=list(ended.select_related("appeal", "paused_by", "resumed_by")[:history]),
        mode=Mode(choices[0].mode) if choices else Mode.AUTO,
        choices=choices,
        attack=next((attack for attack in attacks if attack.ended_at is None), None),
        past_attacks=[attack for attack in attacks if attack.ended_at is not None],
    )


def pause_cards(*, appeal: Appeal | None, why: str, by: User) -> bool:
    """Take no card from now on, for an appeal or (None) for all. False when it is so already.

    Checkouts that are open are ended within moments (``ending``). Thermometers, screens, cash and
    monthly donations go on.
    """
    try:
        with transaction.atomic():
            CardPause.objects.create(appeal=appeal, why=why, paused_by=by)
    except IntegrityError:  # two people in one emergency: the first one's pause stands
        return False
    return True


def resume_cards(pause_id: int, *, by: User) -> bool:
    """End a pause. False when there is none of this id, or it had ended."""
    standing = CardPause.objects.filter(pk=pause_id, resumed_at__isnull=True)
    return bool(standing.update(resumed_at=timezone.now(), resumed_by=by))


def choose_challenge(mode: ChallengeChoice.Mode, *, why: str, by: User) -> None:
    """Say when the check is asked for, from now on."""
    ChallengeChoice.objects.create(mode=mode, why=why, chosen_by=by)
