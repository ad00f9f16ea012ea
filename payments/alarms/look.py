"""What needs a person just now: each finding says what was seen, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max, Sum
from django.utils import timezone

from payments import inbox, letters
from payments.models import Alarm, ChoreRun, Refusal, WebhookEvent

Kind = Alarm.Kind

SWEPT_AT_LEAST_EVERY: Final = timedelta(minutes=20)
"""A sweep is due every minute; Stripe may be away for a while."""

REFUSALS_COUNT_FOR: Final = timedelta(days=1)
_SILENCE_LOOKED_FOR: Final = timedelta(hours=2)
_ON_ITS_WAY: Final = timedelta(minutes=3)  # a webhook may take so long, and then its first retry


def find_alarms() -> Mapping[Alarm.Kind, str]:
    """Everything that is wrong now, in words for an operator."""
    found: dict[Alarm.Kind, str] = {}
    for kind, look in _LOOKS.items():
        detail = next(look(), None)
        if detail is not None:
            found[kind] = detail
    return found


def _events_wait() -> Iterator[str]:
    if inbox.is_stuck():
        yield (
            f"{inbox.count_waiting()} events wait, some for more than five minutes. What they tell "
            "is not in the books yet. The page says why each waits."
        )


def _events_are_put_aside() -> Iterator[str]:
    aside = WebhookEvent.objects.filter(
        put_aside_at__isnull=False, processed_at__isnull=True
    ).count()
    if aside:
        yield (
            f"{aside} event{'s' if aside > 1 else ''} cannot be booked without a person. Read why, "
            "put it right, and try again; or say what was done by hand."
        )


def _webhooks_are_silent() -> Iterator[str]:
    """Stripe took money, we learned of it by asking, and no webhook came since."""
    swept = WebhookEvent.objects.filter(
        road=WebhookEvent.Road.SWEEP,
        received_at__gt=timezone.now() - _SILENCE_LOOKED_FOR,
        created_at__gt=timezone.now() - _SILENCE_LOOKED_FOR,
        created_at__lt=timezone.now() - _ON_ITS_WAY,
        type__in=("checkout.session.completed", "payment_intent.succeeded", "invoice.paid"),
    ).aggregate(last=Max("created_at"))
    if swept["last"] is None:
        return
    last_webhook = last_webhook_at()
    if last_webhook is None or last_webhook < swept["last"]:
        heard = (
            f"the last webhook came at {last_webhook:%H:%M} UTC on {last_webhook:%d %B}"
            if last_webhook
            else "no webhook ever came"
        )
        yield (
            f"Stripe took money at {swept['last']:%H:%M} UTC and sent us no word of it: "
            f"{heard}. We asked, so nothing is lost, "
            "but screens are late. Look at the endpoint in Stripe's dashboard: is it enabled, is "
            "its address right, and is its secret in STRIPE_WEBHOOK_SECRETS?"
        )


def _messages_are_refused() -> Iterator[str]:
    since = timezone.now() - REFUSALS_COUNT_FOR
    by_reason = (
        Refusal.objects.filter(last_at__gt=since)
        .values("reason")
        .annotate(times=Sum("count"), last=Max("last_at"))
        .order_by("reason")
    )
    told = [
        f"{row['times']} of another {row['reason']}, the last at {row['last']:%H:%M} UTC"
        for row in by_reason
    ]
    if told:
        yield (
            f"Messages signed with our secret are refused: {'; '.join(told)}. An endpoint of "
            "another mode (test, live) or of a connected account posts here: correct it in "
            "Stripe's dashboard."
        )


def _letters_lie() -> Iterator[str]:
    aside = letters.count_put_aside()
    if letters.is_stuck():
        yield (
            f"{letters.count_waiting()} letters to donors wait, some for more than half an hour: "
            "does the mail server of EMAIL_URL answer?"
        )
    elif aside:
        yield (
            f"{aside} letter{'s' if aside > 1 else ''} to donors may or may not have arrived, or "
            "the mail server refuses it. The page says why, and sends it again."
        )


def _stripe_was_not_asked() -> Iterator[str]:
    swept_at = last_sweep_at()
    if swept_at is not None and swept_at < timezone.now() - SWEPT_AT_LEAST_EVERY:
        yield (
            f"The last sweep was finished at {swept_at:%H:%M} UTC on {swept_at:%d %B}: Stripe "
            "does not answer, or no worker runs. manage.py doctor says which."
        )


def last_webhook_at() -> datetime | None:
    """When Stripe last reached us by itself."""
    came = WebhookEvent.objects.filter(road=WebhookEvent.Road.WEBHOOK)
    return came.order_by("-pk").values_list("received_at", flat=True).first()


def last_sweep_at() -> datetime | None:
    """When Stripe was last asked for all that is missing."""
    return ChoreRun.objects.filter(name="sweep").values_list("finished_at", flat=True).first()


_LOOKS: Final[Mapping[Alarm.Kind, Callable[[], Iterator[str]]]] = {
    Kind.SILENCE: _webhooks_are_silent,
    Kind.INBOX: _events_wait,
    Kind.PUT_ASIDE: _events_are_put_aside,
    Kind.REFUSED: _messages_are_refused,
    Kind.SWEEP: _stripe_was_not_asked,
    Kind.LETTERS: _letters_lie,
}
