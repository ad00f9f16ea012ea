"""Addresses of the till: giving, the webhook, the treasurer's pages."""

from django.urls import URLPattern

app_name = "payments"

urlpatterns: list[URLPattern] = []
