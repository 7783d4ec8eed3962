"""Who may do what: one table, read top to bottom. Deny by default; an unknown role or an empty list is a no.

The clinical permissions are never held by the front desk. Care-team object permissions (django-guardian)
narrow `SEE_CLINICAL` further: see `core.access`.
"""

from enum import StrEnum


class Role(StrEnum):
    FRONT_DESK = "front_desk"
    CLINICIAN = "clinician"
    SUPERVISOR = "supervisor"
    COMPLIANCE = "compliance"
    OPERATOR = "operator"


class Permission(StrEnum):
    SEE_DEMOGRAPHICS = "see_demographics"
    MANAGE_PACKETS = "manage_packets"
    SEE_CLINICAL = "see_clinical"
    ANSWER_PAGES = "answer_pages"
    APPROVE_FILING = "approve_filing"
    SUPERVISE = "supervise"
    SEE_AUDIT = "see_audit"
    MANAGE_CONSENTS = "manage_consents"
    MANAGE_SETTINGS = "manage_settings"
    MANAGE_DUTY = "manage_duty"


P = Permission
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.FRONT_DESK: frozenset({P.SEE_DEMOGRAPHICS, P.MANAGE_PACKETS}),
    Role.CLINICIAN: frozenset({P.SEE_DEMOGRAPHICS, P.SEE_CLINICAL, P.ANSWER_PAGES, P.APPROVE_FILING}),
    Role.SUPERVISOR: frozenset(
        {P.SEE_DEMOGRAPHICS, P.SEE_CLINICAL, P.ANSWER_PAGES, P.APPROVE_FILING, P.SUPERVISE, P.MANAGE_DUTY}
    ),
    Role.COMPLIANCE: frozenset({P.SEE_AUDIT, P.MANAGE_CONSENTS}),
    Role.OPERATOR: frozenset({P.MANAGE_SETTINGS, P.MANAGE_DUTY}),
}


def granted(role: str, permission: Permission) -> bool:
    """True only if the table says so."""
    try:
        return permission in GRANTS[Role(role)]
    except (ValueError, KeyError):
        return False


def roles_with(permission: Permission) -> tuple[str, ...]:
    """Every role that holds `permission`."""
    return tuple(role.value for role, held in GRANTS.items() if permission in held)
