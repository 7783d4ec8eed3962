from celery import shared_task

from ehr import services


@shared_task(name="ehr.relay_finished")
def relay_finished() -> None:
    services.relay_finished()


@shared_task(name="ehr.push_due")
def push_due() -> None:
    services.push_due()
