"""Security labels (`meta.security`).

HL7's DS4P: exactly one confidentiality code per resource. 42 CFR Part 2 records: the usage note of v3-ActCode
42CFRPart2 asks for confidentiality R; substance-use content also says SUD and, for charts that know only the older
code, ETH. No refrain label (such as NORDSCLCD): under a consent for treatment, payment and operations a covered entity
may redisclose as HIPAA allows (42 CFR 2.33(b)), and on a DocumentReference DS4P forbids one.
"""

from ehr.mapping.codes import TERMINOLOGY, coding

NORMAL = coding(f"{TERMINOLOGY}/v3-Confidentiality", "N", "normal")
RESTRICTED = coding(f"{TERMINOLOGY}/v3-Confidentiality", "R", "restricted")
PART2 = coding(f"{TERMINOLOGY}/v3-ActCode", "42CFRPart2", "42 CFR Part2")
SUBSTANCE_USE_DISORDER = coding(f"{TERMINOLOGY}/v3-ActCode", "SUD", "substance use disorder information sensitivity")
SUBSTANCE_ABUSE = coding(f"{TERMINOLOGY}/v3-ActCode", "ETH", "substance abuse information sensitivity")


def security_labels(*, sensitivity: str, part2: bool) -> list[dict[str, str]]:
    """The labels of a resource: `sensitivity` "none" or "sud"; `part2` when it is a Part 2 record whatever it says."""
    if sensitivity == "sud":
        return [RESTRICTED, SUBSTANCE_USE_DISORDER, SUBSTANCE_ABUSE, PART2]
    return [RESTRICTED, PART2] if part2 else [NORMAL]
