"""The gate's codes in words, for whoever reads why something was told or kept back: the patient and the officer."""

UNCOVERED = "uncovered: "  # before the reason, in the basis of what staff told and no consent covered

WORDS = {
    "part2-consent": "with the patient's written consent (42 CFR 2.31, 2.33)",
    "not-a-part2-record": "no consent needed: the record is not under 42 CFR part 2",
    "2.51-emergency": "a medical emergency (42 CFR 2.51)",
    "2.51-documented": "the note that an emergency has to leave in the record (42 CFR 2.51(c))",
    "revocation-told": "to tell that the consent has ended (42 CFR 2.31(a)(6))",
    "no-part2-consent": "the patient had signed no permission for it",
    "not-a-part2-consent": "what the patient had signed is no permission under 42 CFR part 2",
    "restricted": "the patient had asked for a limit that binds",
    "declined": "the patient had declined the permission",
    "revoked": "the permission had been taken back",
    "revoked-for-recipient": "the permission had been taken back for this recipient",
    "expired": "the permission had ended",
    "suspected-false": "the permission was suspected to be false",
    "paper-not-compared": "nobody had compared the signed paper yet",
    "not-signed-yet": "the permission was signed later",
    "altered": "the stored permission is not what was signed",
    "separate-consent-needed": "it needs a permission of its own (42 CFR 2.31(b), (d), 2.35)",
    "discloser-not-covered": "the permission names another program",
    "recipient-not-covered": "the permission does not name this recipient",
    "purpose-not-covered": "the permission is not for this purpose",
    "categories-not-covered": "the permission does not cover this information",
    "intermediary-not-named": "the permission does not name this intermediary",
    "intermediary-members": "the permission does not say whom the intermediary may tell",
    "no-patient-name": "the permission does not name the patient",
    "no-discloser": "the permission does not name who may disclose",
    "no-description": "the permission does not say which information",
    "no-recipient": "the permission names no recipient",
    "no-hipaa-statement": "the permission lacks the statement of 42 CFR 2.31(a)(4)(iii)",
    "no-purpose": "the permission names no purpose",
    "no-fundraising-choice": "the permission lacks the choice about fundraising",
    "no-right-to-revoke": "the permission does not say that it may be taken back",
    "no-way-to-revoke": "the permission does not say how it is taken back",
    "no-expiry": "the permission does not say when it ends",
    "expiry-needs-date-or-event": "the permission needs a date or an event at which it ends",
    "no-signature": "the permission lacks a signature",
    "no-date": "the permission has no date",
    "no-redisclosure-statement": "the permission lacks the statement of 42 CFR 2.31(a)(10)(i)",
    "no-refusal-statement": "the permission lacks the statement of 42 CFR 2.31(a)(10)(ii)",
    "already-attempted": "it was tried before",
}


def in_words(code: str) -> str:
    """A reason, or the basis of a disclosure. A code without words stays as it is: nothing is made up."""
    if code.startswith(UNCOVERED):
        return f"no permission covered it: {in_words(code.removeprefix(UNCOVERED))}"
    return WORDS.get(code, code)
