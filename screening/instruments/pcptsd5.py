"""PC-PTSD-5: a gate on traumatic events, then five yes/no questions on the past month, 0 to 5 points.

Prins A, Bovin MJ, Smolenski DJ, et al. The Primary Care PTSD Screen for DSM-5. J Gen Intern Med 2016;31:1206-1211.
Cut-offs: PMC7862990 (4 balances errors; women may need 3), Comorbidity Guidelines appendix R. No to the gate ends the
screen with a total of 0. Sex unknown or other: 3, our safe default.

Codes rest on one public repository (University of Washington CIRG), and the item displays are working text.
Licence: VA National Center for PTSD, a United States government work; terms of use were not seen.
"""

from screening.instruments.base import (
    MISSING_POLICY,
    YES_NO,
    YES_NO_SCORED,
    Band,
    Cutoff,
    Instrument,
    Item,
)

PCPTSD5 = Instrument(
    key="pc-ptsd-5",
    name="PC-PTSD-5",
    title="Primary Care PTSD Screen for DSM-5 (PC-PTSD-5)",
    citation="Prins, Bovin, Smolenski, et al. J Gen Intern Med 2016;31:1206-1211",
    copyright="Developed by the US Department of Veterans Affairs National Center for PTSD (Prins et al.).",
    panel_loinc="102010-6",
    total_loinc="102017-1",
    items=(
        Item("pcptsd5-gate", "Have you ever experienced this kind of event?", YES_NO, "102011-4"),
        Item(
            "pcptsd5-q1",
            "had nightmares about the event(s) or thought about the event(s) when you did not want to?",
            YES_NO_SCORED,
            "102012-2",
            asked_after_yes="pcptsd5-gate",
        ),
        Item(
            "pcptsd5-q2",
            "tried hard not to think about the event(s) or went out of your way to avoid situations that reminded you "
            "of the event(s)?",
            YES_NO_SCORED,
            "102013-0",
            asked_after_yes="pcptsd5-gate",
        ),
        Item(
            "pcptsd5-q3",
            "been constantly on guard, watchful, or easily startled?",
            YES_NO_SCORED,
            "102014-8",
            asked_after_yes="pcptsd5-gate",
        ),
        Item(
            "pcptsd5-q4",
            "felt numb or detached from people, activities, or your surroundings?",
            YES_NO_SCORED,
            "102015-5",
            asked_after_yes="pcptsd5-gate",
        ),
        Item(
            "pcptsd5-q5",
            "felt guilty or unable to stop blaming yourself or others for the event(s) or any problems the event(s) "
            "may have caused?",
            YES_NO_SCORED,
            "102016-3",
            asked_after_yes="pcptsd5-gate",
        ),
    ),
    bands=(
        Band("negative", "Negative", 0, 2),
        Band("positive-sensitive", "Positive at the sensitive cut (3)", 3, 3),
        Band("positive", "Positive at the efficient cut (4)", 4, 5),
    ),
    bands_source="PMC7862990; Comorbidity Guidelines appendix R",
    positive=Cutoff(male=4, female=3, unknown=3, source="PMC7862990; 3 when sex is not known: policy"),
    unverified=(
        MISSING_POLICY,
        "LOINC codes (one repository) and item displays (working text).",
        "Terms of use.",
        "No Spanish wording was confirmed.",
    ),
)
