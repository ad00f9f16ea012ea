"""Addresses of the counting table, under ``/count/``: the code in them is the key."""

from django.urls import path

from payments.views import count

urlpatterns = [
    path("", count.enter_code, name="count"),
    path("<str:code>/", count.table, name="count-seat"),
    path("<str:code>/table.json", count.table_json, name="count-table"),
    path("<str:code>/buckets/<int:number>/", count.count, name="count-bucket"),
    path("<str:code>/sheets/", count.sheets, name="count-sheets"),
]
