from celery import shared_task

from intake.services import submission


@shared_task(name="intake.assess_unassessed")
def assess_unassessed() -> None:
    submission.assess_unassessed()
