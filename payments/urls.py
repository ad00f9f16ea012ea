"""Addresses of the till: giving, the webhook, the treasurer's pages."""

from django.urls import include, path

from payments.views import check, give, receipt, webhook

app_name = "payments"

urlpatterns = [
    path("stripe/webhook/", webhook.stripe_webhook, name="stripe-webhook"),
    path("appeals/<slug:slug>/give/", give.give, name="give"),
    path("appeals/<slug:slug>/give/challenge/", check.challenge, name="give-challenge"),
    path("appeals/<slug:slug>/give/link/", check.send_link, name="give-link"),
    path("appeals/<slug:slug>/thanks/<uuid:reference>/", give.thanks, name="thanks"),
    path("receipts/<str:token>/", receipt.receipt, name="receipt"),
    path("treasurer/", include("payments.treasurer_urls")),
]
