import gc

from config.celery import app as celery_app

__all__ = ["celery_app"]

# A start makes a hundred thousand objects that all stay: to look for garbage after every 700 took an eighth of it.
gc.set_threshold(50_000, 20, 100)
