from django.urls import path

from ehr import views

app_name = "ehr"
urlpatterns = [
    path("chart/<uuid:packet_id>/", views.packet_status, name="packet-status"),
    path("chart/<uuid:packet_id>/approve/", views.packet_approve, name="packet-approve"),
    path("chart/<uuid:packet_id>/lists/", views.chart_lists, name="chart-lists"),
    path("chart/<uuid:packet_id>/lists/ask/", views.chart_ask, name="chart-ask"),
    path("chart/items/<uuid:item_id>/edit/", views.item_edit, name="item-edit"),
    path("chart/items/<uuid:item_id>/by-hand/", views.item_by_hand, name="item-by-hand"),
    path("chart/items/<uuid:item_id>/reject/", views.item_reject, name="item-reject"),
]
