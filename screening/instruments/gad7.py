"""GAD-7: seven problems over the last two weeks, 0 to 21 points.

Spitzer RL, Kroenke K, Williams JBW, Löwe B. A brief measure for assessing generalized anxiety disorder: the GAD-7.
Arch Intern Med 2006;166:1092-1097 (sensitivity 89 %, specificity 82 % at 10).
Bands: Kroenke 2007, cited in Evid Based Med 12:149. Codes: LOINC panel hierarchy of 69729-2.

Change: Bischoff T et al. Establishment of a reliable change index for the GAD-7. 2020, doi:10.5964/pch.v8i1.309
(6 points). Toussaint A et al. J Affect Disord 2020;265:395-401 put the least difference that matters at 4. Both read in
their abstracts. No definition of response was found for GAD-7, so none is marked.

Licence: Pfizer notice; no permission required.

The lowest answer is "Not at all", never "Not at all sure" (Zorowitz 2021). LOINC ties 68509-9 elsewhere to "More days
than not" and names 69689-8 "in last 4 weeks"; the printed instrument says "More than half the days" and two weeks,
which is what is used here.
"""

from screening.instruments.base import (
    FREQUENCY,
    MISSING_POLICY,
    PFIZER_NOTICE,
    Band,
    Cutoff,
    Flag,
    Instrument,
    Item,
    Progress,
)

GAD7 = Instrument(
    key="gad-7",
    name="GAD-7",
    title="Generalized Anxiety Disorder 7-item (GAD-7)",
    citation="Spitzer, Kroenke, Williams, Löwe. Arch Intern Med 2006;166:1092-1097",
    copyright=PFIZER_NOTICE,
    panel_loinc="69737-5",
    total_loinc="70274-6",
    items=(
        Item("gad7-q1", "Feeling nervous, anxious or on edge", FREQUENCY, "69725-0"),
        Item("gad7-q2", "Not being able to stop or control worrying", FREQUENCY, "68509-9"),
        Item("gad7-q3", "Worrying too much about different things", FREQUENCY, "69733-4"),
        Item("gad7-q4", "Trouble relaxing", FREQUENCY, "69734-2"),
        Item("gad7-q5", "Being so restless that it is hard to sit still", FREQUENCY, "69735-9"),
        Item("gad7-q6", "Becoming easily annoyed or irritable", FREQUENCY, "69689-8"),
        Item("gad7-q7", "Feeling afraid as if something awful might happen", FREQUENCY, "69736-7"),
    ),
    bands=(
        Band("minimal", "Minimal", 0, 4),
        Band("mild", "Mild", 5, 9),
        Band("moderate", "Moderate", 10, 14),
        Band("severe", "Severe", 15, 21),
    ),
    bands_source="Evid Based Med 12:149, citing Kroenke 2007 (5, 10, 15)",
    positive=Cutoff.same(10, "Spitzer 2006"),
    flags=(
        Flag(
            "severe-anxiety",
            "medium",
            "total_gte",
            "severe band, Kroenke 2007; that it needs a review is our policy",
            at_least=15,
        ),
    ),
    progress=Progress(
        6,
        "Bischoff 2020, doi:10.5964/pch.v8i1.309",
        unverified=(
            "Not verified: read in the paper's abstract only. Toussaint 2020 puts the least difference that matters "
            "at 4 points, which England's Talking Therapies programme is said to use; its manual was not seen. No "
            "definition of response was found, so none is marked.",
        ),
    ),
    unverified=(
        MISSING_POLICY,
        "The display text of LOINC panel 69737-5.",
        "No Spanish wording: no copy of the official form was seen.",
    ),
)
