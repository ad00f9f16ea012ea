"""Refund orders in the admin: to look at, with what Stripe said. Decided elsewhere."""

from django.contrib import admin

from funds.admin.doors import LookOnly
from payments.models import RefundOrder


@admin.register(RefundOrder)
class RefundOrderAdmin(LookOnly, admin.ModelAdmin[RefundOrder]):
    """Orders to give money back, newest first: what waits, for whom, and why."""

    list_display = ("asked_at", "amount", "decision", "outcome", "attempts", "last_error")
    list_filter = ("decision", "outcome", "needs_second_person")
    search_fields = ("=reference", "=stripe_refund_id", "=donation__payment_intent_id")
    search_help_text = "The order's reference, or Stripe's id of the refund or payment, whole"
    ordering = ("-pk",)
    fields = (
        *("reference", "donation", "amount", "reason", "stripe_reason", "asked_by", "asked_at"),
        *("needs_second_person", "decision", "decided_by", "decided_at", "decision_reason"),
        *("sent_at", "refusals", "attempts", "next_attempt_at", "last_error"),
        *("stripe_refund_id", "outcome", "finished_at"),
    )
    readonly_fields = fields
