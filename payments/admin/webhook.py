"""Stripe's events in the admin: what waits, why, and two things that a person may do about it."""

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from funds.admin.doors import LookOnly
from payments import inbox
from payments.models import WebhookEvent


class StateFilter(admin.SimpleListFilter):
    """What becomes of an event."""

    title = "state"
    parameter_name = "state"

    _STATES = {
        "waiting": Q(processed_at=None, put_aside_at=None),
        "failing": Q(processed_at=None, put_aside_at=None, attempts__gt=0),
        "aside": Q(processed_at=None, put_aside_at__isnull=False),
        "done": Q(processed_at__isnull=False),
    }

    def lookups(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        model_admin: object,  # noqa: ARG002 - Django's signature
    ) -> list[tuple[str, str]]:
        """The choices."""
        return [
            ("waiting", "Waiting"),
            ("failing", "Waiting after an error"),
            ("aside", "Put aside for a person"),
            ("done", "Done"),
        ]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[WebhookEvent],
    ) -> QuerySet[WebhookEvent]:
        """Those in the chosen state."""
        state = self._STATES.get(self.value() or "")
        return queryset if state is None else queryset.filter(state)


@admin.register(WebhookEvent)
class WebhookEventAdmin(LookOnly, admin.ModelAdmin[WebhookEvent]):
    """Events, newest first. Their bodies hold names and are shown nowhere."""

    list_display = ("received_at", "type", "state", "attempts", "next_attempt_at", "short_error")
    list_filter = (StateFilter, "type", "outcome")
    search_fields = ("=stripe_id", "=object_id", "=payment_intent_id")
    search_help_text = "Stripe's id of the event, its object or its payment, whole"
    ordering = ("-pk",)
    actions = ("try_again", "put_aside")
    fields = (
        "stripe_id",
        "type",
        "state",
        "object_id",
        "payment_intent_id",
        "created_at",
        "received_at",
        "api_version",
        "livemode",
        "attempts",
        "last_error",
        "next_attempt_at",
        "put_aside_at",
        "processed_at",
        "closed_by",
        "closing_note",
        "road",
    )
    readonly_fields = fields

    @admin.display(description="state")
    def state(self, event: WebhookEvent) -> str:
        """In a word or two."""
        if event.processed_at:
            return event.get_outcome_display()
        if event.put_aside_at:
            return "Put aside for a person"
        return "Waiting, after an error" if event.attempts else "Waiting"

    @admin.display(description="last error")
    def short_error(self, event: WebhookEvent) -> str:
        """Its beginning: the whole stands on the event's own page."""
        return Truncator(event.last_error).chars(100)

    @admin.action(description="Try again now")
    def try_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Make the chosen events due; those put aside as well."""
        tried = inbox.try_again(list(queryset.values_list("pk", flat=True)))
        self.message_user(
            request, f"{tried} will be tried again at once. Those done are left as they are."
        )

    @admin.action(description="Put aside: I see to it by hand")
    def put_aside(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Stop trying the chosen events."""
        aside = inbox.put_aside(list(queryset.values_list("pk", flat=True)))
        self.message_user(
            request, f"{aside} put aside, and not tried again by themselves.", messages.WARNING
        )
