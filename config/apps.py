from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root: settings, URLs and the commands that span rooms. No models."""

    name = "config"
