"""Addresses of an appeal's evening, under ``/desk/<slug>/``."""

from django.urls import path

from payments.views import desk, desk_compare, night_record, pledges, read_out, seat_cards

urlpatterns = [
    path("", desk.desk, name="desk"),
    path("sit-down/", desk.sit_down, name="desk-sit-down"),
    path("take/", desk.take_down, name="desk-take"),
    path("take-back/", desk.take_back, name="desk-take-back"),
    path("end/", desk.end, name="desk-end"),
    path("go-on/", desk.go_on, name="desk-go-on"),
    path("compare/", desk_compare.comparison, name="desk-compare"),
    path("settle/", desk_compare.decide, name="desk-settle"),
    path("slips.pdf", pledges.slips, name="pledge-slips"),
    path("collected/", pledges.collected, name="collected"),
    path("collected.csv", pledges.spreadsheet, name="collected-csv"),
    path("seat-cards/", seat_cards.choose, name="seat-cards"),
    path("seat-cards.pdf", seat_cards.printed, name="seat-cards-pdf"),
    path("read-out/", read_out.screening, name="read-out"),
    path("read-out/decide/", read_out.decision, name="read-out-decide"),
    path("read-out/rule/", read_out.rule, name="read-out-rule"),
    path("lectern/", read_out.lectern, name="lectern"),
    path("lectern.json", read_out.lectern_news, name="lectern-news"),
    path("night/", night_record.nights, name="nights"),
    path("night/<int:pk>/", night_record.record, name="night-record"),
    path("night/<int:pk>.csv", night_record.spreadsheet, name="night-record-csv"),
]
