"""What the law wants said in each kind of document, by citation, and in words that whoever writes one understands.

Sources: 42 CFR 2.22, 2.31, 2.35; 45 CFR 164.508(c), 164.520; 15 USC 7001(c); 47 CFR 64.1200; 225 ILCS 155; Cal. Health
& Safety Code 1339.75. What a state adds (treatment, telehealth) is not here: the clinic's counsel knows it.
"""

# The words of `consents.policy`, said once more because neither module knows the other; a test holds them equal.
ESIGN, NPP_ACK, PART2_NOTICE = "esign", "npp_ack", "part2_notice"
TREATMENT, TELEHEALTH, COMMS, AI_USE = "treatment", "telehealth", "comms", "ai_use"
PART2_TPO, PART2_SPECIFIC = "part2_tpo", "part2_specific"
PART2_COUNSELING_NOTES, PART2_PROCEEDINGS = "part2_counseling_notes", "part2_proceedings"
PART2_CJ_REFERRAL, HIPAA_AUTHORIZATION = "part2_cj_referral", "hipaa_authorization"

TPO_PURPOSES = frozenset({"TREAT", "HPAYMT", "HOPERAT"})
LEGAL = "HLEGAL"
# v3-ActReason. A legal case needs a document of its own (42 CFR 2.31(d)), so no other kind may name it.
PURPOSES = TPO_PURPOSES | {"PATRQT", "FAMRQT", "HRESCH"}
CATEGORIES = frozenset(
    {
        "demographics", "substance_use", "results", "medications", "treatment_plan", "attendance", "billing",
        "intake_answers",
    }
)  # fmt: skip
COUNSELING_NOTES = "sud_counseling_notes"  # 42 CFR 2.31(b): with nothing else

# 42 CFR 2.31(a): a consent without one of them is void (2.31(c)(2)).
_PART2 = (
    "2.31(a)(1)", "2.31(a)(2)", "2.31(a)(3)", "2.31(a)(4)(i)", "2.31(a)(5)", "2.31(a)(6)", "2.31(a)(7)", "2.31(a)(8)",
    "2.31(a)(9)",
)  # fmt: skip
# (a)(10) binds every consent for treatment, payment or operations; (a)(4)(iii) the single one, whose recipients
# follow HIPAA.
TPO_STATEMENTS = ("2.31(a)(10)(i)", "2.31(a)(10)(ii)")
_INTERMEDIARY, _FUNDRAISING, _HIPAA_AGAIN = "2.31(a)(4)(ii)", "2.31(a)(5)(iii)", "2.31(a)(4)(iii)"
# 45 CFR 164.508(c)(2). A release that isn't for treatment, payment or operations meets both lists.
_HIPAA_STATEMENTS = ("164.508(c)(2)(i)", "164.508(c)(2)(ii)", "164.508(c)(2)(iii)")
_HIPAA = (
    "164.508(c)(1)(i)", "164.508(c)(1)(ii)", "164.508(c)(1)(iii)", "164.508(c)(1)(iv)", "164.508(c)(1)(v)",
    "164.508(c)(1)(vi)", *_HIPAA_STATEMENTS, "164.508(c)(4)",
)  # fmt: skip

REQUIRED_ELEMENTS: dict[str, tuple[str, ...]] = {
    ESIGN: (
        "7001(c)(1)(B)(i)(I)", "7001(c)(1)(B)(i)(II)", "7001(c)(1)(B)(ii)", "7001(c)(1)(B)(iii)", "7001(c)(1)(B)(iv)",
        "7001(c)(1)(C)(i)", "7001(c)(1)(C)(ii)",
    ),
    NPP_ACK: ("164.520(c)(2)(ii)",),
    PART2_NOTICE: (
        "2.22(b)(1)(i)", "2.22(b)(1)(ii)(A)", "2.22(b)(1)(ii)(D)", "2.22(b)(1) one consent", "2.22(b)(1) revocation",
        "2.22(b)(1) proceedings", "2.22(b)(1) redisclosure", "2.22(b)(1) rights", "2.22(b)(1) duties",
        "2.22(b)(1) complaints", "2.22(b)(1) contact", "2.22(b)(1) effective date",
    ),
    TREATMENT: (),
    TELEHEALTH: (),
    PART2_TPO: (*_PART2, _HIPAA_AGAIN, *TPO_STATEMENTS),
    PART2_SPECIFIC: (*_PART2, *_HIPAA_STATEMENTS),
    PART2_COUNSELING_NOTES: (*_PART2, "2.31(b)(2)", "2.31(b)(3)"),
    PART2_PROCEEDINGS: (*_PART2, "2.31(d)"),
    # 42 CFR 2.35(c): it ends at its time or event and not at will.
    PART2_CJ_REFERRAL: (*(one for one in _PART2 if one != "2.31(a)(6)"), "2.35(b)", "2.35(c)"),
    HIPAA_AUTHORIZATION: _HIPAA,
    COMMS: ("64.1200(f)(9)(i)(A)", "64.1200(f)(9)(i)(B)", "64.1200(a)(10)", "164.522(b)"),
    AI_USE: ("AI purposes", "AI reviewed by a person", "AI a person to talk to", "AI refusal"),
}  # fmt: skip
OPTIONAL_ELEMENTS: dict[str, tuple[str, ...]] = {
    PART2_NOTICE: ("2.22(b)(1) fundraising",),
    PART2_TPO: (_INTERMEDIARY, _FUNDRAISING),
    PART2_SPECIFIC: (_INTERMEDIARY, _FUNDRAISING, _HIPAA_AGAIN, *TPO_STATEMENTS),
    PART2_COUNSELING_NOTES: TPO_STATEMENTS,
}

# Who receives what: only these kinds have a scope, and it is coded.
SHARING = frozenset(
    {PART2_TPO, PART2_SPECIFIC, PART2_COUNSELING_NOTES, PART2_PROCEEDINGS, PART2_CJ_REFERRAL, HIPAA_AUTHORIZATION}
)

_SIGN_OR_DECLINE = frozenset({"signed", "declined"})
# 45 CFR 164.520(c)(2)(ii) lets the acknowledgement be refused; there is nothing in a notice to decline.
DECISIONS: dict[str, frozenset[str]] = {
    **dict.fromkeys(REQUIRED_ELEMENTS, _SIGN_OR_DECLINE),
    NPP_ACK: frozenset({"signed", "refused"}),
    PART2_NOTICE: frozenset({"signed"}),
}

# What each element says, to end the sentence "The text does not say …".
WORDS = {
    "2.31(a)(1)": "whose records these are: {{patient_name}}",
    "2.31(a)(2)": "who may share the records",
    "2.31(a)(3)": "what may be shared, in a specific and meaningful way",
    "2.31(a)(4)(i)": "who may get the records",
    "2.31(a)(4)(ii)": "who takes part in the health information exchange that is named",
    "2.31(a)(4)(iii)": "that recipients under HIPAA may share again, but not in cases against the patient",
    "2.31(a)(5)": "why the records are shared",
    "2.31(a)(5)(iii)": "that the patient may refuse requests for donations",
    "2.31(a)(6)": "that it can be cancelled in writing, how, and what cancelling does not undo",
    "2.31(a)(7)": "when it ends: a day, an event, the end of the treatment, or that it has no end",
    "2.31(a)(8)": "how the patient signs",
    "2.31(a)(9)": "that the date is kept with the signature",
    "2.31(a)(10)(i)": "that whoever gets the records might share them again, no longer protected",
    "2.31(a)(10)(ii)": "what happens if the patient does not sign",
    "2.31(b)(2)": "that it covers a counselor's notes and nothing else",
    "2.31(b)(3)": "that care does not depend on it",
    "2.31(d)": "that it is for a legal case and nothing else",
    "2.35(b)": "how long it lasts",
    "2.35(c)": "at which time or event it can be cancelled",
    "2.22(b)(1)(i)": "the prescribed heading",
    "2.22(b)(1)(ii)(A)": "when records are shared without the patient's permission",
    "2.22(b)(1)(ii)(D)": "when permission is needed, with an example",
    "2.22(b)(1) one consent": "that one permission may cover all future treatment, payment and operations",
    "2.22(b)(1) revocation": "that a permission can be cancelled in writing",
    "2.22(b)(1) proceedings": "what holds for legal cases and court orders",
    "2.22(b)(1) redisclosure": "what recipients under HIPAA may do with the records",
    "2.22(b)(1) fundraising": "that the patient may refuse requests for donations",
    "2.22(b)(1) rights": "the patient's rights",
    "2.22(b)(1) duties": "the program's duties, notice of a breach among them",
    "2.22(b)(1) complaints": "how to complain, and that nobody may punish it",
    "2.22(b)(1) contact": "whom to ask, with phone and e-mail",
    "2.22(b)(1) effective date": "since when it is in effect: {{effective_date}}",
    "164.520(c)(2)(ii)": "that the patient was given the notice",
    "164.508(c)(1)(i)": "what may be released",
    "164.508(c)(1)(ii)": "who may release it",
    "164.508(c)(1)(iii)": "who may get it",
    "164.508(c)(1)(iv)": "why",
    "164.508(c)(1)(v)": "when it ends",
    "164.508(c)(1)(vi)": "how and when it is signed, and by what right for somebody else",
    "164.508(c)(2)(i)": "that it can be cancelled in writing, and how",
    "164.508(c)(2)(ii)": "whether care or payment depends on it",
    "164.508(c)(2)(iii)": "that whoever gets it might share it again",
    "164.508(c)(4)": "that the patient gets a copy",
    "7001(c)(1)(B)(i)(I)": "that paper may be used instead",
    "7001(c)(1)(B)(i)(II)": "that the patient may change their mind, and what follows",
    "7001(c)(1)(B)(ii)": "which forms it covers",
    "7001(c)(1)(B)(iii)": "how to change their mind, and how to tell a new address",
    "7001(c)(1)(B)(iv)": "how to get a paper copy, and what it costs",
    "7001(c)(1)(C)(i)": "which device and programs are needed",
    "7001(c)(1)(C)(ii)": "how the patient shows that the files can be opened",
    "64.1200(f)(9)(i)(A)": "what messages the patient agrees to, and from whom",
    "64.1200(f)(9)(i)(B)": "that care does not depend on it",
    "64.1200(a)(10)": "how to stop the messages",
    "164.522(b)": "that texts and e-mail are not private, and that another way may be asked for",
    "AI purposes": "what the tool is used for, and who makes it",
    "AI reviewed by a person": "that a licensed person reads what it writes before it is used",
    "AI a person to talk to": "how to reach a person",
    "AI refusal": "that the patient may say no and gets the same care",
}
