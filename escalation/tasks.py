from celery import shared_task

from escalation import services


@shared_task(name="escalation.advance_due")
def advance_due() -> None:
    services.advance_due()


@shared_task(name="escalation.deliver_due")
def deliver_due() -> None:
    services.deliver_due()
