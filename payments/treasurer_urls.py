"""Addresses of the treasurer's pages, under ``/treasurer/``."""

from django.urls import path

from payments.views.treasurer import (
    branches,
    card_switch,
    cards,
    cash,
    home,
    refunds,
    till,
    transfers,
)

urlpatterns = [
    path("", home.home, name="treasurer"),
    path("branches/", branches.overview, name="branches"),
    path("branches/<slug:slug>/", branches.branch, name="branch"),
    path("card-switch/", card_switch.card_switch, name="card-switch"),
    path("card-switch/pause/", card_switch.pause, name="card-switch-pause"),
    path("card-switch/resume/", card_switch.resume, name="card-switch-resume"),
    path("card-switch/check/", card_switch.choose_check, name="card-switch-check"),
    path("collections/", cash.collection_list, name="collections"),
    path("collections/new/", cash.record, name="collection-new"),
    path("collections/<uuid:reference>/", cash.collection, name="collection"),
    path("collections/<uuid:reference>/recorded/", cash.recorded, name="collection-recorded"),
    path("collections/<uuid:reference>/reverse/", cash.reverse, name="collection-reverse"),
    path("till/", till.till, name="till"),
    path("till/try-again/", till.try_again, name="till-try-again"),
    path("till/close/", till.close, name="till-close"),
    path("till/send-again/", till.send_again, name="till-send-again"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/new/", transfers.record, name="transfer-new"),
    path("transfers/<uuid:reference>/", transfers.transfer, name="transfer"),
    path("transfers/<uuid:reference>/reverse/", transfers.reverse, name="transfer-reverse"),
    path("cards/", cards.donation_list, name="card-donations"),
    path("cards/<uuid:reference>/", cards.donation, name="card-donation"),
    path("cards/<uuid:reference>/refund/", refunds.order, name="refund-new"),
    path("refunds/", refunds.order_list, name="refunds"),
    path("refunds/<uuid:reference>/", refunds.one_order, name="refund"),
    path("refunds/<uuid:reference>/approve/", refunds.approve_order, name="refund-approve"),
    path("refunds/<uuid:reference>/decline/", refunds.decline_order, name="refund-decline"),
    path("refunds/<uuid:reference>/withdraw/", refunds.withdraw_order, name="refund-withdraw"),
]
