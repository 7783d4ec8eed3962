from celery import shared_task

from ehr import services


@shared_task(name="ehr.relay_finished")
def relay_finished() -> None:
    services.relay_finished()


@shared_task(name="ehr.read_charts_due")
def read_charts_due() -> None:
    services.read_charts_due()


@shared_task(name="ehr.push_due")
def push_due() -> None:
    services.push_due()
