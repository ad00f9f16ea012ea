"""Addresses of an appeal's evening, under ``/desk/<slug>/``."""

from django.urls import path

from payments.views import seat_cards

urlpatterns = [
    path("seat-cards/", seat_cards.choose, name="seat-cards"),
    path("seat-cards.pdf", seat_cards.printed, name="seat-cards-pdf"),
]
