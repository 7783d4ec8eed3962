"""GAD-2: the first two GAD-7 items, 0 to 6 points.

Kroenke K, Spitzer RL, Williams JBW, Monahan PO, Löwe B. Anxiety disorders in primary care. Ann Intern Med
2007;146:317-325. Cut-off 3 (sensitivity 86 %, specificity 83 %): from a secondary page, help.yourcabana.com 9201010.

No LOINC panel or total for the GAD-2 could be confirmed, so none is given (70273-8 is the PHQ-15).
Licence: Pfizer notice; no permission required.
"""

from dataclasses import replace

from screening.instruments.base import MISSING_POLICY, PFIZER_NOTICE, Band, Cutoff, Instrument
from screening.instruments.gad7 import GAD7

GAD2 = Instrument(
    key="gad-2",
    name="GAD-2",
    title="Generalized Anxiety Disorder 2-item (GAD-2)",
    citation="Kroenke, Spitzer, Williams, Monahan, Löwe. Ann Intern Med 2007;146:317-325",
    copyright=PFIZER_NOTICE,
    items=(replace(GAD7.items[0], link_id="gad2-q1"), replace(GAD7.items[1], link_id="gad2-q2")),
    bands=(Band("negative", "Negative", 0, 2), Band("positive", "Positive", 3, 6)),
    bands_source="help.yourcabana.com 9201010 (cut-off 3)",
    positive=Cutoff.same(3, "help.yourcabana.com 9201010"),
    unverified=(MISSING_POLICY, "LOINC codes for the panel and the total.", "No Spanish wording was confirmed."),
)
