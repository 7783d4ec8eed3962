from django.apps import AppConfig
from django.core.checks import Tags, register

from config.checks import demo_in_production, endless_locks, runtime_privileges


class ConfigConfig(AppConfig):
    """The composition root: settings, URLs and the commands that span rooms. No models."""

    name = "config"

    def ready(self) -> None:
        register(demo_in_production)
        register(runtime_privileges, Tags.database)
        register(endless_locks, Tags.database)
