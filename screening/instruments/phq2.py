"""PHQ-2: the first two PHQ-9 items, 0 to 6 points.

Kroenke K, Spitzer RL, Williams JBW. The Patient Health Questionnaire-2. Med Care 2003;41:1284-1292.
Codes: LOINC 55757-9, the same item codes as the PHQ-9. Cut-off 3: Hindawi 2013/695925 table 1; PMC2906530 finds 2 more
sensitive (86 % and 78 %, against 61 % and 92 % at 3).

Licence: Pfizer notice; no permission required.
"""

from dataclasses import replace

from screening.instruments.base import MISSING_POLICY, PFIZER_NOTICE, Band, Cutoff, Instrument
from screening.instruments.phq9 import PHQ9

PHQ2 = Instrument(
    key="phq-2",
    name="PHQ-2",
    title="Patient Health Questionnaire-2 (PHQ-2)",
    citation="Kroenke, Spitzer, Williams. Med Care 2003;41:1284-1292",
    copyright=PFIZER_NOTICE,
    panel_loinc="55757-9",
    total_loinc="55758-7",
    languages=("en", "es"),
    items=(
        replace(PHQ9.items[0], link_id="phq2-q1", same_as=None),
        replace(PHQ9.items[1], link_id="phq2-q2", same_as=None),
    ),
    bands=(Band("negative", "Negative", 0, 2), Band("positive", "Positive", 3, 6)),
    bands_source="Hindawi 2013/695925 table 1",
    positive=Cutoff.same(3, "Hindawi 2013/695925; PMC2906530"),
    unverified=(MISSING_POLICY,),
)
