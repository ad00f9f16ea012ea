"""Addresses of the shop window."""

from django.urls import path

from appeals.views import api, public

app_name = "appeals"

urlpatterns = [
    path("", public.home, name="home"),
    path("privacy/", public.privacy, name="privacy"),
    path("appeals/<slug:slug>/", public.detail, name="detail"),
    path("appeals/<slug:slug>/league/", public.league, name="league"),
    path("api/v1/appeals/", api.list_readings, name="api-list"),
    path("api/v1/appeals/<str:slug>/", api.show_reading, name="api-detail"),
]
