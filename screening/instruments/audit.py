"""AUDIT: ten questions on alcohol use in the last year, 0 to 40 points.

Babor TF, Higgins-Biddle JC, Saunders JB, Monteiro MG. AUDIT: the Alcohol Use Disorders Identification Test, 2nd ed.
World Health Organization 2001. Codes: LOINC 72110-0 (total 75624-7, often mistaken for the AUDIT-C total).
Cut-off 8: LOINC 75624-7. The zone limits 16 and 20 come from the WHO manual, whose table was not seen: partly verified.

The interview lets an abstainer skip questions. Nothing is filled in here: a form that skips them must record the zero
answers itself, else there is no total.

Licence: World Health Organization 2001, "not for sale or for use in conjunction with commercial purposes"; LOINC and
US Core call it public domain. The two statements conflict: a clinic confirms its right before it goes live.
"""

from screening.instruments.base import MISSING_POLICY, Band, Cutoff, Flag, Instrument, Item, Option

HOW_OFTEN_A_DRINK = (
    Option("LA6270-8", "Never", 0),
    Option("LA18926-8", "Monthly or less", 1),
    Option("LA18927-6", "2-4 times a month", 2),
    Option("LA18928-4", "2-3 times a week", 3),
    Option("LA18929-2", "4 or more times a week", 4),
)
HOW_MANY_DRINKS = (
    Option("LA15694-5", "1 or 2", 0),
    Option("LA15695-2", "3 or 4", 1),
    Option("LA18930-0", "5 or 6", 2),
    Option("LA18931-8", "7 to 9", 3),
    Option("LA18932-6", "10 or more", 4),
)
HOW_OFTEN = (
    Option("LA6270-8", "Never", 0),
    Option("LA18933-4", "Less than monthly", 1),
    Option("LA18876-5", "Monthly", 2),
    Option("LA18891-4", "Weekly", 3),
    Option("LA18934-2", "Daily or almost daily", 4),
)
# The LOINC answer codes of items 9 and 10 could not be confirmed, so the codes are ours.
ITEM_9_10 = "https://candor.health/fhir/CodeSystem/audit-item-9-10"
EVER = (
    Option("no", "No", 0, ITEM_9_10),
    Option("yes-not-last-year", "Yes, but not in the last year", 2, ITEM_9_10),
    Option("yes-last-year", "Yes, during the last year", 4, ITEM_9_10),
)

WHO_NOTICE = (
    "Copyright (c) World Health Organization 2001. The document may be freely reviewed, abstracted, reproduced, and "
    "translated, in part or in whole but not for sale or for use in conjunction with commercial purposes."
)
WHO_RIGHT = (
    "We have read the World Health Organization's terms for the AUDIT (not for sale or for use in conjunction with "
    "commercial purposes) and have made sure that we may use it."
)
WHO_CREDIT = "(c) World Health Organization 2001. Not for sale or for use in conjunction with commercial purposes."

AUDIT = Instrument(
    key="audit",
    name="AUDIT",
    title="Alcohol Use Disorders Identification Test (AUDIT)",
    citation="Babor, Higgins-Biddle, Saunders, Monteiro. WHO 2001",
    copyright=WHO_NOTICE,
    right=WHO_RIGHT,
    credit=f"AUDIT: {WHO_CREDIT}",
    panel_loinc="72110-0",
    total_loinc="75624-7",
    items=(
        Item("audit-q1", "How often do you have a drink containing alcohol?", HOW_OFTEN_A_DRINK, "68518-0"),
        Item(
            "audit-q2",
            "How many drinks containing alcohol do you have on a typical day when you are drinking?",
            HOW_MANY_DRINKS,
            "68519-8",
        ),
        Item("audit-q3", "How often do you have six or more drinks on one occasion?", HOW_OFTEN, "68520-6"),
        Item(
            "audit-q4",
            "How often during the last year have you found that you were not able to stop drinking once you had "
            "started?",
            HOW_OFTEN,
            "97734-8",
        ),
        Item(
            "audit-q5",
            "How often during the last year have you failed to do what was normally expected from you because of "
            "drinking?",
            HOW_OFTEN,
            "97735-5",
        ),
        Item(
            "audit-q6",
            "How often during the last year have you needed a first drink in the morning to get yourself going after "
            "a heavy drinking session?",
            HOW_OFTEN,
            "97736-3",
        ),
        Item(
            "audit-q7",
            "How often during the last year have you had a feeling of guilt or remorse after drinking?",
            HOW_OFTEN,
            "97737-1",
        ),
        Item(
            "audit-q8",
            "How often during the last year have you been unable to remember what happened the night before because "
            "you had been drinking?",
            HOW_OFTEN,
            "97738-9",
        ),
        Item("audit-q9", "Have you or someone else been injured as a result of your drinking?", EVER, "97739-7"),
        Item(
            "audit-q10",
            "Has a relative or friend or a doctor or another health worker been concerned about your drinking or "
            "suggested you cut down?",
            EVER,
            "97740-5",
        ),
    ),
    bands=(
        Band("zone-1", "Low risk (Zone I)", 0, 7),
        Band("zone-2", "Hazardous (Zone II)", 8, 15),
        Band("zone-3", "Harmful (Zone III)", 16, 19),
        Band("zone-4", "Possible dependence (Zone IV)", 20, 40),
    ),
    bands_source="cut 8: LOINC 75624-7; limits 16 and 20: WHO manual 2001, partly verified",
    positive=Cutoff.same(8, "LOINC 75624-7"),
    flags=(Flag("possible-dependence", "high", "total_gte", "WHO manual 2001, Zone IV; partly verified", at_least=20),),
    unverified=(
        MISSING_POLICY,
        "The zone limits 16 and 20: the table of the WHO manual was not seen.",
        "LOINC answer codes of items 9 and 10 (ours are used).",
        "No Spanish wording was confirmed.",
    ),
)
