"""Addresses of the till: giving, the webhook, the treasurer's pages."""

from django.urls import include, path

from payments.views import check, give, installed, monthly, pledge, receipt, short, webhook

app_name = "payments"

urlpatterns = [
    path("stripe/webhook/", webhook.stripe_webhook, name="stripe-webhook"),
    path("appeals/<slug:slug>/give/", give.give, name="give"),
    path("appeals/<slug:slug>/give/challenge/", check.challenge, name="give-challenge"),
    path("appeals/<slug:slug>/give/link/", check.send_link, name="give-link"),
    path("appeals/<slug:slug>/thanks/<uuid:reference>/", give.thanks, name="thanks"),
    path("g/<str:appeal>/", short.short, name="short"),
    path("g/<str:appeal>/<str:branch>/", short.short, name="short-branch"),
    path("p/<str:code>/", pledge.show, name="pledge"),
    path("p/<str:code>/give-up/", pledge.stop, name="pledge-give-up"),
    path("p/<str:code>/take-up/", pledge.go_on, name="pledge-take-up"),
    path("monthly/", monthly.ask_for_link, name="monthly-link"),
    path("monthly/sent/", monthly.link_sent, name="monthly-link-sent"),
    path("monthly/<str:token>/", monthly.show, name="monthly"),
    path("monthly/<str:token>/amount/", monthly.change_amount, name="monthly-amount"),
    path("monthly/<str:token>/stripe/", monthly.go_to_portal, name="monthly-portal"),
    path("monthly/<str:token>/back/", monthly.come_back, name="monthly-back"),
    path("receipts/<str:token>/", receipt.receipt, name="receipt"),
    path("sw.js", installed.service_worker, name="service-worker"),
    path("manifest.webmanifest", installed.counting_manifest, name="counting-manifest"),
    path("treasury.webmanifest", installed.treasury_manifest, name="treasury-manifest"),
    path("no-signal/", installed.no_signal, name="no-signal"),
    path("count/", include("payments.count_urls")),
    path("desk/<slug:slug>/", include("payments.night_urls")),
    path("treasurer/", include("payments.treasurer_urls")),
]
