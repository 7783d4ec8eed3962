from celery import shared_task

from escalation import services


@shared_task(name="escalation.advance_due")
def advance_due() -> None:
    services.advance_due()


@shared_task(name="escalation.deliver_due")
def deliver_due() -> None:
    """After a downtime the step that is due comes first: its pages replace those that have waited."""
    try:
        services.advance_due()
    finally:
        services.deliver_due()


@shared_task(name="escalation.send_canary")
def send_canary() -> None:
    services.send_canary()


@shared_task(name="escalation.drills")
def drills() -> None:
    services.plan_drills()
    services.send_drills()


@shared_task(name="escalation.beat")
def beat() -> None:
    services.beat()


@shared_task(name="escalation.tell_supervisors")
def tell_supervisors() -> None:
    services.tell_supervisors()
