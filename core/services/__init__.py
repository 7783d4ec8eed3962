"""Writes about who: patients and their care team; vendors and how staff are reached."""

from core.services.glass import TooFewWords, break_glass, review_glass, tell_compliance
from core.services.people import (
    AddressTaken,
    add_staff,
    change_patient,
    join_care_team,
    leave_care_team,
    password_address,
    record_listing,
    register_patient,
    set_care_team,
)
from core.services.reaching import (
    Refused,
    confirm_contact,
    contact_fault,
    note_test_delivered,
    save_contact_point,
    save_vendor,
    send_test,
)

__all__ = [
    "AddressTaken",
    "Refused",
    "TooFewWords",
    "break_glass",
    "add_staff",
    "change_patient",
    "confirm_contact",
    "contact_fault",
    "join_care_team",
    "leave_care_team",
    "note_test_delivered",
    "password_address",
    "record_listing",
    "register_patient",
    "review_glass",
    "save_contact_point",
    "save_vendor",
    "send_test",
    "set_care_team",
    "tell_compliance",
]
