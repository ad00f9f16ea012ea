"""The counting table: occasions, their buckets, who counts them, and each step of it.

Nothing here is edited. Counts and steps are append-only in the database too (migration
``counting_guards``); an agreement that was wrong is undone with a reason, and the bucket counted
anew.
"""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from appeals.models import Appeal
from funds.fields import MoneyField
from funds.models import Branch, User
from payments.models.cash import CashCollection


class Occasion(models.Model):
    """Where and when a branch collects: its buckets go out, come back, and are counted."""

    class PlaceType(models.TextChoices):
        """Where, since some places need a permit."""

        MEETING = "meeting", "A meeting of our own"
        PREMISES = "premises", "A shop, pub or hall that agreed"
        STREET = "street", "A street or public place"
        HOUSES = "houses", "From house to house"
        OTHER = "other", "Elsewhere"

    class State(models.TextChoices):
        """How far it is. That all is agreed, or banked, is told by its buckets."""

        OPEN = "open", "Buckets out"
        COUNTING = "counting", "Being counted"
        DONE = "done", "Counted and closed"
        CALLED_OFF = "called-off", "Called off"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="occasions")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="occasions")
    kind = models.CharField(
        max_length=10, choices=CashCollection.Kind, help_text="Never subs: those are for no appeal."
    )
    name = models.CharField(max_length=100, help_text="Place or occasion.")
    place_type = models.CharField(max_length=10, choices=PlaceType)
    permit_reference = models.CharField(max_length=60, blank=True)
    permit_return_due_on = models.DateField(null=True, blank=True)
    held_on = models.DateField(help_text="Local date on which it is gathered.")
    count_rule = models.CharField(max_length=10, choices=Branch.CountRule)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="occasions")
    opened_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["Occasion"]] = models.Manager()

    class Meta:
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="occasion_state_is_known",
                condition=Q(state__in=["open", "counting", "done", "called-off"]),
            ),
            models.CheckConstraint(
                name="occasion_count_rule_is_known", condition=Q(count_rule__in=["two", "witness"])
            ),
            models.CheckConstraint(
                name="occasion_gathers_for_its_appeal",
                condition=Q(kind__in=["collection", "sale"]),
            ),
        ]
        indexes = [
            models.Index(fields=["branch", "-held_on"], name="occasion_of_branch_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.held_on}"


class Bucket(models.Model):
    """A numbered bucket, tin or cash box of an occasion."""

    class State(models.TextChoices):
        """How far its count is."""

        OUT = "out", "Not counted yet"
        COUNTING = "counting", "Being counted"
        RECOUNT = "recount", "The counts differ: count again"
        DISPUTED = "disputed", "The counts differ again"
        AGREED = "agreed", "Agreed"
        SET_ASIDE = "set-aside", "Set aside"

    class Seal(models.TextChoices):
        """How it came back."""

        INTACT = "intact", "Seal intact"
        BROKEN = "broken", "Seal broken or missing"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    occasion = models.ForeignKey(Occasion, models.PROTECT, related_name="buckets")
    number = models.PositiveSmallIntegerField()
    seal_number = models.CharField(max_length=40, blank=True)
    collector = models.CharField(max_length=60, blank=True)
    float_amount = MoneyField(max_digits=14, decimal_places=2, default_currency="GBP")
    seal = models.CharField(max_length=10, choices=Seal, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OUT)
    round = models.PositiveSmallIntegerField(default=1)
    first_round = models.PositiveSmallIntegerField(
        default=1, help_text="Where the present attempt began: later ones follow an undoing."
    )
    bag_number = models.CharField(
        max_length=40, blank=True, help_text="Of the sealed bag that its agreed cash lies in."
    )
    difference_minor = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="By how much the last counts differed, in minor units; 0 for other pieces.",
    )

    objects: ClassVar[models.Manager["Bucket"]] = models.Manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["occasion", "number"], name="bucket_number_is_unique_in_its_occasion"
            ),
            models.CheckConstraint(name="bucket_number_is_positive", condition=Q(number__gt=0)),
            models.CheckConstraint(
                name="bucket_float_is_not_negative", condition=Q(float_amount__gte=0)
            ),
            models.CheckConstraint(
                name="bucket_state_is_known",
                condition=Q(
                    state__in=["out", "counting", "recount", "disputed", "agreed", "set-aside"]
                ),
            ),
            models.CheckConstraint(
                name="bucket_is_in_the_first_or_second_round_of_an_attempt",
                condition=Q(first_round__gt=0)
                & (Q(round=F("first_round")) | Q(round=F("first_round") + 1)),
            ),
            models.CheckConstraint(
                name="bucket_is_agreed_before_it_is_bagged",
                condition=Q(bag_number="") | Q(state="agreed"),
            ),
            models.CheckConstraint(
                name="bucket_difference_is_known_exactly_while_counts_differ",
                condition=Q(state__in=["recount", "disputed"], difference_minor__isnull=False)
                | (~Q(state__in=["recount", "disputed"]) & Q(difference_minor__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"bucket {self.number}"


class Seat(models.Model):
    """A place at an occasion's counting table: one person, on one phone, for one evening.

    Its code is derived and not kept; ``code_digest`` finds it. Whoever sits down first gives a
    name, and from then on the seat is that phone's alone.
    """

    class Side(models.TextChoices):
        """Whose count it gives: the first, the second, or the third when those two differ."""

        A = "a", "Counter A"
        B = "b", "Counter B"
        THIRD = "c", "Third counter"

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    occasion = models.ForeignKey(Occasion, models.PROTECT, related_name="seats")
    side = models.CharField(max_length=1, choices=Side)
    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="seats")
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="opened_seats")
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    sitter = models.CharField(max_length=60, blank=True)
    sitter_key = models.CharField(
        max_length=80, blank=True, help_text="The name as it is compared: one key, one person."
    )
    is_related = models.BooleanField(
        null=True, blank=True, help_text="To another counter, or living with one, as they say."
    )
    related_note = models.CharField(max_length=200, blank=True)
    device_digest = models.CharField(max_length=64, blank=True, editable=False)
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="ended_seats"
    )
    on_paper = models.BooleanField(
        default=False, help_text="They counted on paper: it was never a phone's, and has ended."
    )

    objects: ClassVar[models.Manager["Seat"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["occasion", "sitter_key"],
                condition=Q(ended_at__isnull=True) & ~Q(sitter_key=""),
                name="seat_is_taken_by_one_person_once",
            ),
            models.UniqueConstraint(
                fields=["occasion", "user"],
                condition=Q(ended_at__isnull=True),
                name="seat_is_one_of_a_user_at_a_table",
            ),
            models.CheckConstraint(
                name="seat_side_is_known", condition=Q(side__in=["a", "b", "c"])
            ),
            models.CheckConstraint(
                name="seat_is_taken_with_a_name_and_an_answer",
                condition=Q(taken_at__isnull=True, sitter_key="", is_related__isnull=True)
                | (
                    Q(taken_at__isnull=False, is_related__isnull=False)
                    & ~Q(sitter_key="")
                    & ~Q(sitter="")
                ),
            ),
            models.CheckConstraint(
                name="seat_on_paper_is_taken_and_opens_nothing",
                condition=Q(on_paper=False)
                | Q(taken_at__isnull=False, ended_at__isnull=False, user=None, device_digest=""),
            ),
            models.CheckConstraint(
                name="seat_of_a_relative_says_why",
                condition=~Q(is_related=True, related_note=""),
            ),
            models.CheckConstraint(
                name="seat_is_ended_by_a_person",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"seat {self.pk}"


class OccasionStep(models.Model):
    """One step in an occasion's life: what, who, when. No figure of a count stands here."""

    class Kind(models.TextChoices):
        """What was done."""

        OPENED = "opened", "Opened"
        BUCKET_ADDED = "bucket-added", "Bucket added"
        BEGUN = "begun", "Counting began"
        CALLED_OFF = "called-off", "Called off"
        CLOSED = "closed", "Table closed"
        SEAT_OPENED = "seat-opened", "Seat opened"
        SEAT_TAKEN = "seat-taken", "Seat taken"
        SEAT_ENDED = "seat-ended", "Seat ended"
        ON_PAPER = "on-paper", "Counter on paper"
        CAME_BACK = "came-back", "Bucket came back"
        SET_ASIDE = "set-aside", "Bucket set aside"
        HANDED_IN = "handed-in", "Count handed in"
        DIFFERED = "differed", "The counts differed"
        AGREED = "agreed", "Agreed"
        SIGNED = "signed", "Difference signed"
        BAGGED = "bagged", "Bagged"
        GIFT_NAMED = "gift-named", "Large donation taken out by name"
        GIFT_REFUSED = "gift-refused", "Large donation refused"
        GIVER_READ = "giver-read", "Giver's details read"
        UNDONE = "undone", "Undone"

    occasion = models.ForeignKey(Occasion, models.PROTECT, related_name="steps")
    bucket = models.ForeignKey(Bucket, models.PROTECT, null=True, blank=True, related_name="steps")
    seat = models.ForeignKey(Seat, models.PROTECT, null=True, blank=True, related_name="steps")
    kind = models.CharField(max_length=12, choices=Kind)
    detail = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="occasion_steps"
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager["OccasionStep"]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="occasion_step_is_somebodys",
                condition=Q(by__isnull=False) | Q(seat__isnull=False),
            ),
            models.CheckConstraint(
                name="occasion_step_back_has_a_reason",
                condition=~Q(kind__in=["undone", "set-aside", "called-off", "signed"], reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at:%Y-%m-%d %H:%M}"
