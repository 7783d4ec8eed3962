from celery import shared_task

import core.services
from intake.services import auditing, submission


@shared_task(name="intake.assess_unassessed")
def assess_unassessed() -> None:
    submission.assess_unassessed()


@shared_task(name="intake.audit_paging")
def audit_paging() -> None:
    auditing.audit_paging()


@shared_task(name="intake.tell_compliance")
def tell_compliance() -> None:
    """Of a page opened from outside the care team: this room has the page, and `core` has no tasks."""
    core.services.tell_compliance()
