"""The organisation, its regions and branches."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from funds.money import Money


class Organisation(models.Model):
    """Who raises the money. One row, and only one."""

    class Regime(models.TextChoices):
        """Whose rules apply to large gifts."""

        PARTY = "party", "Political party (Great Britain)"
        UNION = "union", "Trade union or strike fund"
        CAMPAIGN = "campaign", "Campaign"

    name = models.CharField(max_length=200)
    imprint = models.TextField(
        help_text="Name and postal address of the promoter: shown on every page and screen."
    )
    contact_email = models.EmailField(
        blank=True, help_text="Where donors ask for a refund or about their data."
    )
    privacy_notice = models.TextField(
        blank=True, help_text="Shown on its own page and linked from the form where donors give."
    )
    regime = models.CharField(max_length=10, choices=Regime, default=Regime.PARTY)
    identified_donation_limit = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="In the organisation's currency. Donations of strictly more than this need the "
        "donor's name and address first. For a party in Great Britain 500. Empty: no limit.",
    )
    identified_donation_limit_from = models.DateField(
        null=True, blank=True, help_text="Since when that limit has been in force."
    )
    refund_second_person_above = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal(100),
        validators=[MinValueValidator(0)],
        help_text="In the organisation's currency. When strictly more than this is to be given "
        "back of one card donation, a second national treasurer must approve it. 0: always. "
        "Empty: never.",
    )
    reversal_second_person_above = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal(100),
        validators=[MinValueValidator(0)],
        help_text="In the organisation's currency. When strictly more than this is to be reversed "
        "in the books, a second treasurer must confirm it. 0: always. Empty: never, and then one "
        "national treasurer closes a period alone, too.",
    )
    currency = models.CharField(max_length=3, default="GBP", help_text="ISO 4217 code.")
    time_zone = models.CharField(
        max_length=50,
        default="Europe/London",
        help_text="IANA name. Books are dated by the local date here.",
    )

    class Meta:
        verbose_name_plural = "organisation"
        constraints = [
            models.CheckConstraint(name="organisation_is_one_row", condition=models.Q(pk=1)),
            models.CheckConstraint(
                name="organisation_refund_limit_is_not_negative",
                condition=models.Q(refund_second_person_above__gte=0),
            ),
            models.CheckConstraint(
                name="organisation_reversal_limit_is_not_negative",
                condition=models.Q(reversal_second_person_above__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def needs_identified_donor(self, amount: Money) -> bool:
        """True for a single donation of strictly more than the limit, in our currency."""
        limit = self.identified_donation_limit
        return limit is not None and bool(amount > Money(limit, self.currency))

    def needs_second_person(self, given_back: Money) -> bool:
        """True when so much of one donation is given back only by two people.

        In another currency than ours, which the limit says nothing about, always; unless there is
        no limit.
        """
        return self._is_above(self.refund_second_person_above, given_back)

    def needs_second_person_to_reverse(self, amount: Money) -> bool:
        """True when so much is taken out of the books only by two people; as for refunds.

        Nothing takes nothing out: one person is enough, in any currency.
        """
        return bool(amount) and self._is_above(self.reversal_second_person_above, amount)

    def needs_second_person_to_close(self) -> bool:
        """True when a period is closed by two people: wherever reversals have a limit."""
        return self.reversal_second_person_above is not None

    def _is_above(self, limit: Decimal | None, amount: Money) -> bool:
        if limit is None:
            return False
        return amount.currency.code != self.currency or amount.amount > limit


class Region(models.Model):
    """A part of the country: branches belong to one."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=50, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Branch(models.Model):
    """Who collects, and stands in the league table."""

    class CountRule(models.TextChoices):
        """Who counts its cash."""

        TWO_COUNTERS = "two", "Two people, each on their own"
        WITNESS = "witness", "One person and a witness"

    region = models.ForeignKey(Region, models.PROTECT, related_name="branches")
    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=50, unique=True)
    members = models.PositiveIntegerField(null=True, blank=True)
    is_active = models.BooleanField(
        default=True, help_text="An inactive branch keeps its books and is offered no more."
    )
    count_rule = models.CharField(
        max_length=10,
        choices=CountRule,
        default=CountRule.TWO_COUNTERS,
        help_text="The least that its cash is counted by. With a witness: for small stalls.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "branches"
        constraints = [
            models.CheckConstraint(
                name="branch_count_rule_is_known",
                condition=models.Q(count_rule__in=["two", "witness"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name
