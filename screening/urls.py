"""Where findings are looked at and priorities signed. Nothing about a person is part of an address."""

from django.urls import path

from screening import views

app_name = "screening"
urlpatterns = [
    path("staff/reviews/<uuid:item_id>/", views.review, name="review"),
    path("staff/reviews/week/", views.week, name="week"),
    path("staff/priorities/", views.priorities, name="priorities"),
    path("staff/priorities/sign/", views.sign, name="sign"),
]
