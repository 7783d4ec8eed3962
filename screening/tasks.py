from celery import shared_task

from screening import services


@shared_task(name="screening.raise_overdue")
def raise_overdue() -> None:
    services.raise_overdue()
