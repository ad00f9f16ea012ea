"""Telling the operators of an attack: once, by e-mail, away from any request."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from payments.models import Attack
from payments.operators import tell_operators

_AGAIN_AFTER: Final = timedelta(minutes=1)

_TEXT: Final = """\
{reason}, so the form where donors give asks each browser for a sum first. It takes a phone a second
or so; donors need do nothing, and no thermometer has moved. The check goes by itself after half an
hour of calm.

In the last ten minutes: {opened} Checkouts opened, {declined} cards declined,
{challenged} forms sent back with the check, {refused} refused.

Nothing needs doing at once. Two things you can do:

* Watch it, ask for the check always, or pause cards (the screens go on):
  {url}
* A stolen card that worked is an ordinary donation in the books. Look in Stripe for payments
  marked as suspicious, and refund them before their owners complain: Stripe tells us, and the
  books and the thermometer follow.

This is the only e-mail about this attack.
"""


def tell_of_attacks() -> int:
    """Send word of attacks that nobody was told of; answers of how many.

    An attack is marked before the e-mail goes, so that it never goes twice; when the mail server
    does not take it, the mark is taken back and it is tried again in a minute.

    Raises:
        OSError: The mail server's trouble.
    """
    told = 0
    for attack in Attack.objects.filter(told_at__isnull=True, tell_after__lte=Now()):
        marked = Attack.objects.filter(pk=attack.pk, told_at__isnull=True)
        if not marked.update(told_at=timezone.now()):
            continue  # another process is telling it
        try:
            tell_operators(*_letter(attack))
        except OSError:
            Attack.objects.filter(pk=attack.pk).update(
                told_at=None, tell_after=timezone.now() + _AGAIN_AFTER
            )
            raise
        told += 1
    return told


def _letter(attack: Attack) -> tuple[str, str]:
    reason = attack.get_reason_display()
    url = f"{settings.BASE_URL}{reverse('payments:card-switch')}"
    return "Somebody is testing cards on our form", _TEXT.format(
        reason=reason,
        url=url,
        opened=attack.opened,
        declined=attack.declined,
        challenged=attack.challenged,
        refused=attack.refused,
    )
