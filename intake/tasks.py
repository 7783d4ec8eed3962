from celery import shared_task

from intake.services import auditing, submission


@shared_task(name="intake.assess_unassessed")
def assess_unassessed() -> None:
    submission.assess_unassessed()


@shared_task(name="intake.audit_paging")
def audit_paging() -> None:
    auditing.audit_paging()
