"""Stripe's lines and payouts in the admin: to look at, with what they wait for."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from funds.admin.doors import LookOnly
from payments.models import BalanceLine, Payout


class LineStateFilter(admin.SimpleListFilter):
    """What became of a line."""

    title = "state"
    parameter_name = "state"

    _STATES = {
        "booked": Q(booked_at__isnull=False),
        "waiting": Q(booked_at=None, put_aside_at=None),
        "aside": Q(booked_at=None, put_aside_at__isnull=False),
    }

    def lookups(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        model_admin: object,  # noqa: ARG002 - Django's signature
    ) -> list[tuple[str, str]]:
        """The choices."""
        return [
            ("booked", "Booked"),
            ("waiting", "Waiting"),
            ("aside", "Put aside for a person"),
        ]

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[BalanceLine],
    ) -> QuerySet[BalanceLine]:
        """Those in the chosen state."""
        state = self._STATES.get(self.value() or "")
        return queryset if state is None else queryset.filter(state)


@admin.register(BalanceLine)
class BalanceLineAdmin(LookOnly, admin.ModelAdmin[BalanceLine]):
    """Lines of our balance at Stripe, newest first."""

    list_display = ("created_at", "type", "category", "amount", "fee", "attempts", "short_error")
    list_filter = (LineStateFilter, "category", "type")
    search_fields = ("=stripe_id", "=source_id", "=payment_intent_id", "=principal_key")
    search_help_text = "Stripe's id of the line, its source or its payment, whole"
    ordering = ("-pk",)
    fields = (
        "stripe_id",
        "type",
        "reporting_category",
        "category",
        "source_id",
        "payment_intent_id",
        "amount",
        "fee",
        "net",
        "source_amount",
        "created_at",
        "occurred_on",
        "available_on",
        "payout",
        "principal_key",
        "booked_at",
        "put_aside_at",
        "attempts",
        "next_attempt_at",
        "last_error",
    )
    readonly_fields = fields

    @admin.display(description="last error")
    def short_error(self, line: BalanceLine) -> str:
        """Its beginning: the whole stands on the line's own page."""
        return Truncator(line.last_error).chars(100)


@admin.register(Payout)
class PayoutAdmin(LookOnly, admin.ModelAdmin[Payout]):
    """Payouts, newest first."""

    list_display = ("created_at", "stripe_id", "amount", "status", "arrival_on", "automatic")
    list_filter = ("status", "automatic", "currency")
    search_fields = ("=stripe_id",)
    search_help_text = "Stripe's id of the payout, whole"
    ordering = ("-created_at", "-pk")
    fields = (
        "stripe_id",
        "amount",
        "status",
        "automatic",
        "created_at",
        "arrival_on",
        "told_at",
        "paid_at",
        "failed_at",
        "has_contents",
        "contents_known_at",
    )
    readonly_fields = fields
