"""What the front desk sees of people, and how the clinic's administrator lets staff be reached."""

from core.admin.desk import DeskAdmin, PatientAdmin, UnsearchedList, desk_clinics, language_name, staff
from core.admin.reaching import ContactPointAdmin, VendorAdmin
from core.admin.settings import SettingsAdmin, clinics_held, managed_clinics

__all__ = [
    "ContactPointAdmin",
    "DeskAdmin",
    "PatientAdmin",
    "SettingsAdmin",
    "UnsearchedList",
    "VendorAdmin",
    "clinics_held",
    "desk_clinics",
    "language_name",
    "managed_clinics",
    "staff",
]
