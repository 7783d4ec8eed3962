from django.urls import path

from ehr import views

app_name = "ehr"
urlpatterns = [
    path("chart/<uuid:packet_id>/", views.packet_status, name="packet-status"),
    path("chart/<uuid:packet_id>/approve/", views.packet_approve, name="packet-approve"),
    path("chart/items/<uuid:item_id>/reject/", views.item_reject, name="item-reject"),
]
