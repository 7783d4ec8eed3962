from celery import shared_task

from consents import services
from consents.services import sealing, stamping


@shared_task(name="consents.take_effect_due")
def take_effect_due() -> None:
    services.take_effect_due()


@shared_task(name="consents.seal_due")
def seal_due() -> None:
    sealing.seal_due()


@shared_task(name="consents.stamp_due")
def stamp_due() -> None:
    stamping.stamp_due()
