"""E-mail through Django's configured backend (SMTP in production)."""

import smtplib

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from core.channels.base import ChannelError, Message, Receipt


class EmailChannel:
    """Delivers to the SMTP server of the settings; hard time-out EMAIL_TIMEOUT seconds."""

    def deliver(self, message: Message) -> Receipt:
        mail = EmailMessage(
            subject=message.subject,
            body=message.body,
            to=[message.to],
            headers={"X-Reference": message.reference, "Auto-Submitted": "auto-generated"},
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise ChannelError("address refused", permanent=all(code >= 500 for code in codes)) from error
        except smtplib.SMTPResponseException as error:
            raise ChannelError(f"server said {error.smtp_code}", permanent=error.smtp_code >= 500) from error
        except ValueError as error:  # an address or a header that no server could take
            raise ChannelError("unusable address", permanent=True) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(type(error).__name__, permanent=False) from error
        return Receipt(provider_id=message.reference)

    def accepts(self, address: str) -> bool:
        try:
            validate_email(address)
        except ValidationError:
            return False
        return True
