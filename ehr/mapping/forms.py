"""The linkIds of our own forms that have a place of their own in the chart.

All other answers go there in the form as a whole. One table, so that a renamed question is found by a test and not
by a missing allergy.
"""

DEMOGRAPHICS = "demographics"
INSURANCE = "insurance"
ALLERGIES = "allergies"
MEDICATIONS = "medications"
SUBSTANCE_USE = "substance-use"

PREFERRED_NAME = "demo-preferred"
SEX = "demo-sex"
SPOKEN_LANGUAGE = "demo-language"
PHONE = "demo-phone"
EMAIL = "demo-email"
ADDRESS_LINE = "demo-address-line"
CITY = "demo-city"
STATE = "demo-state"
POSTAL_CODE = "demo-zip"
EMERGENCY_NAME = "demo-emergency-name"
EMERGENCY_RELATIONSHIP = "demo-emergency-relationship"
EMERGENCY_PHONE = "demo-emergency-phone"

ANY_ALLERGY = "all-any"
ALLERGY = "all-list"
ALLERGIC_TO = "all-substance"
REACTION = "all-reaction"
SEVERITY = "all-severity"

MEDICINE = "med-list"
MEDICINE_NAME = "med-name"
DOSE = "med-dose"
HOW_OFTEN = "med-how-often"
REASON = "med-reason"

TREATMENT_MEDICINE = "sub-medicine-name"
