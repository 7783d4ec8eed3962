"""The project's addresses as they are when the chart's room is deleted."""

from config.urls import urlpatterns as everything

urlpatterns = [one for one in everything if getattr(one, "app_name", None) != "ehr"]
