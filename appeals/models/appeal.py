"""Appeals: what money is asked for, and which accounts hold what came."""

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from djmoney.models.validators import MinMoneyValidator

from funds.fields import MoneyField
from funds.models import Account, Branch, Fund


def default_suggested_amounts() -> list[Decimal]:
    """What the buttons of the give form offer at first."""
    return [Decimal(5), Decimal(10), Decimal(20), Decimal(50), Decimal(100)]


class Appeal(models.Model):
    """A public call for money, with a target. Its accounts tell what was raised."""

    class Status(models.TextChoices):
        """A draft is hidden; an open appeal takes money; a closed one shows what it raised."""

        DRAFT = "draft"
        OPEN = "open"
        CLOSED = "closed"

    slug = models.SlugField(max_length=50, unique=True)
    title = models.CharField(max_length=120)
    story = models.TextField(
        blank=True,
        help_text="Plain text. An empty line begins a paragraph; web addresses become links.",
    )
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="appeals")
    target = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        validators=[MinMoneyValidator(1)],
        help_text="Its currency is the currency of the whole appeal.",
    )
    stretch_targets = ArrayField(
        models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(1)]),
        default=list,
        blank=True,
        help_text="Further targets once the first is reached, rising, separated by commas.",
    )
    opens_at = models.DateTimeField(help_text="Donations are taken from then on.")
    closes_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: until closed by hand."
    )
    status = models.CharField(max_length=6, choices=Status, default=Status.DRAFT)
    suggested_amounts = ArrayField(
        models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(1)]),
        default=default_suggested_amounts,
        help_text="The buttons of the give form, separated by commas.",
    )
    minimum = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        default=Decimal(2),
        validators=[MinValueValidator(Decimal("0.30"))],
        help_text="The smallest card donation; Stripe takes none under 0.30.",
    )
    show_league = models.BooleanField(default=True, help_text="Show the branch league table.")
    is_standing = models.BooleanField(
        "standing appeal",
        default=False,
        help_text="The one appeal of its fund that takes monthly donations on, once the appeal "
        "they began with has closed. Leave it open without an end.",
    )
    revision = models.PositiveBigIntegerField(
        default=1, editable=False, help_text="Grows with every change that open pages must hear of."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["Appeal"]] = models.Manager()

    class Meta:
        ordering = ["-opens_at", "slug"]
        constraints = [
            models.CheckConstraint(
                name="appeal_target_is_positive", condition=models.Q(target__gt=0)
            ),
            models.CheckConstraint(
                name="appeal_closes_after_it_opens",
                condition=models.Q(closes_at__isnull=True)
                | models.Q(closes_at__gt=models.F("opens_at")),
                violation_error_message="An appeal closes after it opens.",
            ),
            models.CheckConstraint(
                name="appeal_status_is_known",
                condition=models.Q(status__in=["draft", "open", "closed"]),
            ),
            models.UniqueConstraint(
                fields=["fund"],
                condition=models.Q(is_standing=True),
                name="fund_has_one_standing_appeal",
                violation_error_message="This fund has a standing appeal already.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The appeal's public page."""
        return reverse("appeals:detail", args=[self.slug])

    @property
    def currency(self) -> str:
        """ISO 4217 code: of the target, and so of all that is raised."""
        return str(self.target.currency.code)


class AppealAccount(models.Model):
    """An account of the books that holds part of what an appeal raised."""

    class Role(models.TextChoices):
        """By which road the money came; or, for the asset, where counted cash lies."""

        CARD = "card", "Card"
        CASH = "cash", "Cash"
        TRANSFER = "transfer", "Bank transfers and cheques"
        SALES = "sales", "Stalls and sales"
        CASH_IN_HAND = "cash-in-hand", "Counted, not yet banked"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="accounts")
    account = models.OneToOneField(Account, models.PROTECT, related_name="appeal_account")
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appeal", "role"], name="appeal_has_one_account_for_each_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.role}"


class BranchTarget(models.Model):
    """A branch's share of the target."""

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="branch_targets")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="appeal_targets")
    target = MoneyField(
        max_digits=14,
        decimal_places=2,
        default_currency="GBP",
        validators=[MinMoneyValidator(1)],
    )

    objects: ClassVar[models.Manager["BranchTarget"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appeal", "branch"], name="branch_has_one_target_for_each_appeal"
            ),
            models.CheckConstraint(
                name="branch_target_is_positive", condition=models.Q(target__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.branch}: {self.target}"


class Promise(models.Model):
    """Money that was promised and has not come. It is never part of what was raised."""

    class Kind(models.TextChoices):
        """How the promise was made."""

        DELAYED_CARD = "delayed", "A payment that settles later"
        MONTHLY = "monthly", "Monthly"
        PLEDGE = "pledge", "Pledge"

    class State(models.TextChoices):
        """Open until the money comes or it is certain that it will not."""

        OPEN = "open"
        KEPT = "kept"
        LAPSED = "lapsed"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="promises")
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="promises"
    )
    amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    kind = models.CharField(max_length=10, choices=Kind)
    source_key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["Promise"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="promise_amount_is_positive", condition=models.Q(amount__gt=0)
            ),
        ]
        indexes = [
            models.Index(
                fields=["appeal"], name="promise_open_idx", condition=models.Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"


class BeingCounted(models.Model):
    """A bucket whose count is not agreed yet: it is said that it is counted, and never how much.

    Whoever counts writes it here, one row for each ``source_key``, and takes it away again.
    """

    appeal = models.ForeignKey(Appeal, models.CASCADE, related_name="being_counted")
    source_key = models.CharField(max_length=200, unique=True)

    objects: ClassVar[models.Manager["BeingCounted"]] = models.Manager()

    def __str__(self) -> str:
        return self.source_key
