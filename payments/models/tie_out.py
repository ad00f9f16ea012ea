"""The figures that a closed period was signed on."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from funds.models import Branch, PeriodClose


class TieOutRow(models.Model):
    """One branch's cash in one currency over a closed period, in minor units, as it was signed.

    Opening + counted - taken back - banked + brought back + other = in hand. Rows are written with
    the close and never change (migration ``0021_tie_out_guards``).
    """

    period_close = models.ForeignKey(PeriodClose, models.PROTECT, related_name="tie_out")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="tie_outs"
    )
    currency = models.CharField(max_length=3, help_text="ISO 4217 code.")
    opening_minor = models.BigIntegerField()
    counted_minor = models.BigIntegerField()
    taken_back_minor = models.BigIntegerField(help_text="Collections reversed.")
    banked_minor = models.BigIntegerField()
    brought_back_minor = models.BigIntegerField(help_text="Payings-in undone: in hand again.")
    other_minor = models.BigIntegerField(help_text="Whatever else moved cash; nothing so far does.")
    in_hand_minor = models.BigIntegerField()
    short_minor = models.BigIntegerField(
        help_text="What the bank counted less than the slips; in no sum of this row."
    )

    objects: ClassVar[models.Manager["TieOutRow"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["period_close", "branch", "currency"],
                name="tie_out_of_branch_and_currency_is_one_row",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="tie_out_ties",
                condition=Q(
                    in_hand_minor=F("opening_minor")
                    + F("counted_minor")
                    - F("taken_back_minor")
                    - F("banked_minor")
                    + F("brought_back_minor")
                    + F("other_minor")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_close_id} {self.branch_id} {self.currency}"
