"""Addresses of the treasurer's pages, under ``/treasurer/``."""

from django.urls import path

from payments.views.treasurer import branches, cash, home, till, transfers

urlpatterns = [
    path("", home.home, name="treasurer"),
    path("branches/", branches.overview, name="branches"),
    path("branches/<slug:slug>/", branches.branch, name="branch"),
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
]
