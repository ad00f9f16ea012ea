"""Large single donations that were found in a bucket and taken out of it by name."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from donors.models import SealedGiver
from funds.fields import MoneyField
from funds.models import User
from payments.models.cash import CashCollection
from payments.models.counting import Occasion


class NamedGift(models.Model):
    """One identifiable donation over the organisation's limit, in cash or by cheque.

    Accepted cash is booked by a collection of its own; a cheque waits until it clears; a refused
    one went back to its giver. Who gave it is sealed, apart from the books.
    """

    class Form(models.TextChoices):
        """What was found."""

        CASH = "cash", "Cash or an envelope"
        CHEQUE = "cheque", "Cheque"

    class Outcome(models.TextChoices):
        """What became of it."""

        ACCEPTED = "accepted", "Taken, by name"
        REFUSED = "refused", "Refused and given back"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    occasion = models.ForeignKey(Occasion, models.PROTECT, related_name="named_gifts")
    form = models.CharField(max_length=10, choices=Form)
    outcome = models.CharField(max_length=10, choices=Outcome)
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    dated_on = models.DateField(null=True, blank=True, help_text="What stands on the cheque.")
    reason = models.CharField(max_length=200, blank=True)
    counted_by = models.CharField(max_length=60)
    witnessed_by = models.CharField(max_length=60)
    giver = models.OneToOneField(
        SealedGiver, models.SET_NULL, null=True, blank=True, related_name="named_gift"
    )
    collection = models.OneToOneField(
        CashCollection, models.PROTECT, null=True, blank=True, related_name="named_gift"
    )
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="named_gifts")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["NamedGift"]] = models.Manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="named_gift_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="named_gift_is_booked_exactly_when_cash_was_taken",
                condition=Q(form="cash", outcome="accepted", collection__isnull=False)
                | (~Q(form="cash", outcome="accepted") & Q(collection__isnull=True)),
            ),
            models.CheckConstraint(
                name="named_gift_is_refused_with_a_reason",
                condition=~Q(outcome="refused", reason=""),
            ),
            models.CheckConstraint(
                name="named_gift_has_a_witness", condition=~Q(witnessed_by="") & ~Q(counted_by="")
            ),
            models.CheckConstraint(
                name="named_cheque_has_its_date",
                condition=Q(form="cash", dated_on__isnull=True)
                | Q(form="cheque", dated_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"named gift {self.pk}"
