"""Addresses of the counting table, under ``/count/``: the code in them is the key."""

from django.urls import path

from payments.views import count, installed

urlpatterns = [
    path("", count.enter_code, name="count"),
    path("waiting/", installed.waiting, name="count-waiting"),
    path("<str:code>/", count.table, name="count-seat"),
    path("<str:code>/table.json", count.table_json, name="count-table"),
    path("<str:code>/buckets/<int:number>/", count.count, name="count-bucket"),
    path("<str:code>/sheets/", count.sheets, name="count-sheets"),
]
