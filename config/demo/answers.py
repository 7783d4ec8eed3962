"""What the demo's patients answer: of every form, in the order in which a first visit asks it."""

NOT_AT_ALL, SEVERAL_DAYS, YES, NO = "LA6568-5", "LA6569-3", "LA33-6", "LA32-8"

Answers = dict[str, str | list[str]]
BEFORE: dict[str, Answers] = {
    "demographics": {
        "demo-given": "Rosa",
        "demo-family": "Núñez",
        "demo-sex": "female",
        "demo-language": "en",
        "demo-phone": "(555) 010-0142",
        "demo-voicemail": "true",
        "demo-has-address": "true",
        "demo-address-line": "12 Main Street",
        "demo-city": "Boston",
        "demo-state": "MA",
        "demo-zip": "02101",
        "demo-emergency-has": "false",
    },
    "insurance": {"ins-have": "false"},
    "presenting-concerns": {"con-reason": "I can't sleep, and I worry all day."},
    "medical-history": {"hist-conditions": ["none"]},
    "allergies": {"all-any": YES, "all-list[0].all-substance": "Amoxicillin", "all-list[0].all-severity": "mild"},
    "medications": {"med-any": YES, "med-list[0].med-name": "amitriptyline", "med-list[0].med-dose": "25 mg"},
    "social-needs": {"soc-housing": "steady-home", "soc-food": NO, "soc-rides": NO, "soc-safe": YES},
    "phq-9": {f"phq9-q{n}": SEVERAL_DAYS if n in (1, 2, 9) else NOT_AT_ALL for n in range(1, 10)},
}  # fmt: skip
AFTER: dict[str, Answers] = {
    "substance-use": {
        "sub-alcohol": "alcohol-monthly",
        "sub-tobacco": "tobacco-never",
        "sub-substances": ["cannabis"],
        "sub-medicine": "false",
        "sub-overdose-ever": NO,
        "sub-quit-alcohol": ["quit-alcohol-none"],
        "sub-quit-benzo": ["quit-benzo-none"],
        "sub-naloxone": YES,
    },
    "gad-7": {f"gad7-q{n}": SEVERAL_DAYS for n in range(1, 8)},
    "safety": {"safe-harm-others": NO},
    "dast-10": {f"dast10-q{n}": YES if n in (1, 3) else NO for n in range(1, 11)},
}
