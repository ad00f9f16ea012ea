"""Addresses of the stage, under ``/stage/``: directing the hall, and setting up the evening."""

from django.urls import path

from appeals.views.stage import entry, remote, set_up

urlpatterns = [
    path("", entry.enter_code, name="stage"),
    path("<slug:slug>/", remote.remote, name="stage-remote"),
    path("<slug:slug>/board.json", remote.board, name="stage-board"),
    path("<slug:slug>/set-up/", set_up.set_up, name="stage-set-up"),
    path("<slug:slug>/set-up/begin/", set_up.begin, name="stage-night-begin"),
    path("<slug:slug>/set-up/end/", set_up.end, name="stage-night-end"),
    path("<slug:slug>/set-up/remotes/revoke/", set_up.end_all_remotes, name="stage-revoke-all"),
    path("<slug:slug>/set-up/remotes/<uuid:reference>/", set_up.show_code, name="stage-code"),
    path("<slug:slug>/set-up/remotes/<uuid:reference>/qr.svg", set_up.qr_code, name="stage-qr"),
    path(
        "<slug:slug>/set-up/remotes/<uuid:reference>/revoke/",
        set_up.end_remote,
        name="stage-revoke",
    ),
    path("r/<str:token>/", entry.follow_link, name="stage-link"),
]
