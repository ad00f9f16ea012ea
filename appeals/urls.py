"""Addresses of the shop window."""

from django.urls import include, path

from appeals.views import api, public, screen

app_name = "appeals"

urlpatterns = [
    path("", public.home, name="home"),
    path("privacy/", public.privacy, name="privacy"),
    path("appeals/<slug:slug>/", public.detail, name="detail"),
    path("appeals/<slug:slug>/league/", public.league, name="league"),
    path("appeals/<slug:slug>/screen/", screen.show_screen, name="screen"),
    path("appeals/<slug:slug>/qr.svg", screen.show_qr_code, name="qr-code"),
    path("stage/", include("appeals.stage_urls")),
    path("api/v1/appeals/", api.list_readings, name="api-list"),
    path("api/v1/appeals/<str:slug>/", api.show_reading, name="api-detail"),
    path("api/v1/appeals/<str:slug>/hall/", api.show_hall, name="api-hall"),
]
