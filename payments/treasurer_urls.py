"""Addresses of the treasurer's pages, under ``/treasurer/``."""

from django.urls import path

from payments.views.treasurer import (
    branches,
    cash,
    disputes,
    home,
    paid_twice,
    reconciliation,
    till,
    transfers,
)

urlpatterns = [
    path("", home.home, name="treasurer"),
    path("branches/", branches.overview, name="branches"),
    path("branches/<slug:slug>/", branches.branch, name="branch"),
    path("collections/", cash.collection_list, name="collections"),
    path("collections/new/", cash.record, name="collection-new"),
    path("collections/<uuid:reference>/", cash.collection, name="collection"),
    path("collections/<uuid:reference>/recorded/", cash.recorded, name="collection-recorded"),
    path("collections/<uuid:reference>/reverse/", cash.reverse, name="collection-reverse"),
    path("payouts/", reconciliation.payout_list, name="payouts"),
    path("payouts/<str:stripe_id>/", reconciliation.payout, name="payout"),
    path("reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("reconciliation/lines/", reconciliation.line_list, name="balance-lines"),
    path("reconciliation/lines.csv", reconciliation.line_csv, name="balance-lines-csv"),
    path("reconciliation/lines/<str:stripe_id>/", reconciliation.line, name="balance-line"),
    path(
        "reconciliation/lines/<str:stripe_id>/decide/",
        reconciliation.decide,
        name="balance-line-decide",
    ),
    path("reconciliation/why/", reconciliation.why, name="balance-why"),
    path("reconciliation/entries/", reconciliation.entry_list, name="balance-entries"),
    path("till/", till.till, name="till"),
    path("till/try-again/", till.try_again, name="till-try-again"),
    path("till/close/", till.close, name="till-close"),
    path("till/send-again/", till.send_again, name="till-send-again"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/new/", transfers.record, name="transfer-new"),
    path("transfers/<uuid:reference>/", transfers.transfer, name="transfer"),
    path("transfers/<uuid:reference>/reverse/", transfers.reverse, name="transfer-reverse"),
    path("disputes/", disputes.dispute_list, name="disputes"),
    path("paid-twice/", paid_twice.paid_twice_list, name="paid-twice"),
    path("paid-twice/<uuid:reference>/meant/", paid_twice.meant, name="paid-twice-meant"),
]
