"""Who will read a patient's answers: said before each section, from the same tables and consents that decide it.

Inside the clinic: `core.permissions` (the care team and their supervisors hold SEE_CLINICAL), and whoever is on duty
for an answer that shows danger. Outside: a Part 2 record leaves only under the patient's written consent (42 CFR 2.31,
2.33) or where the rule itself makes an exception (2.51, 2.61); any other record as the privacy notice says (45 CFR
164.520).
"""

from dataclasses import dataclass
from enum import StrEnum

from consents.policy import Category
from core.permissions import Permission, Role, granted, roles_with


class Outside(StrEnum):
    NOTICE = "notice"  # as the privacy notice says
    PERMITTED = "permitted"  # the standing permission names who
    NOBODY = "nobody"  # not without the patient's signature


@dataclass(frozen=True)
class Readers:
    """`inside`: the clinic's roles that may read it. `not_inside`: the front desk, where it may not."""

    inside: tuple[Role, ...]
    not_inside: tuple[Role, ...]
    on_call: bool
    outside: Outside


def categories(sensitivity: str) -> frozenset[str]:
    """What a consent must cover for a section's answers to be shared."""
    return frozenset({Category.INTAKE_ANSWERS} | ({Category.SUBSTANCE_USE} if sensitivity == "sud" else set()))


def is_protected(sensitivity: str, *, whole_intake: bool) -> bool:
    """Whether it is a Part 2 record: a substance-use section, or anything in a program that Part 2 covers."""
    return whole_intake or sensitivity == "sud"


def readers(*, protected: bool, permitted: bool, told_of_danger: bool) -> Readers:
    """`permitted`: a consent that stands covers it. `told_of_danger`: somebody on duty is told of such an answer."""
    under_consent = Outside.PERMITTED if permitted else Outside.NOBODY
    return Readers(
        inside=tuple(Role(role) for role in roles_with(Permission.SEE_CLINICAL)),
        not_inside=() if granted(Role.FRONT_DESK, Permission.SEE_CLINICAL) else (Role.FRONT_DESK,),
        on_call=told_of_danger,
        outside=under_consent if protected else Outside.NOTICE,
    )
