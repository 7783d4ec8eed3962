"""AUDIT-C: the first three AUDIT questions, 0 to 12 points.

Bush K, Kivlahan DR, McDonell MB, Fihn SD, Bradley KA. The AUDIT alcohol consumption questions (AUDIT-C).
Arch Intern Med 1998;158:1789-1795. Cut-offs 4 for men and 3 for women: LOINC 75626-2 (PMID 12695273), health.mil.
The total is 75626-2; the panel's first question is 68518-0 (US Core's example prints another).

Sex unknown or other: 3, our safe default, not a published rule. VA since 2021 acts on 5 for both sexes.
An abstainer form that skips questions 2 and 3 must record the zero answers itself, else there is no total.

Licence: as the AUDIT.
"""

from dataclasses import replace

from screening.instruments.audit import AUDIT, WHO_CREDIT, WHO_NOTICE, WHO_RIGHT
from screening.instruments.base import MISSING_POLICY, Cutoff, Flag, Instrument

AUDITC = Instrument(
    key="audit-c",
    name="AUDIT-C",
    title="Alcohol Use Disorders Identification Test - Consumption (AUDIT-C)",
    citation="Bush, Kivlahan, McDonell, Fihn, Bradley. Arch Intern Med 1998;158:1789-1795",
    copyright=WHO_NOTICE,
    right=WHO_RIGHT,
    credit=f"AUDIT-C: {WHO_CREDIT}",
    panel_loinc="72109-2",
    total_loinc="75626-2",
    items=tuple(replace(item, link_id=f"auditc-q{n}") for n, item in enumerate(AUDIT.items[:3], start=1)),
    bands_source="LOINC 75626-2 (PMID 12695273); health.mil: negative below the cut-off, positive from it on",
    positive=Cutoff(
        male=4, female=3, unknown=3, source="LOINC 75626-2 (PMID 12695273); 3 when sex is not known: policy"
    ),
    flags=(
        Flag(
            "va-brief-intervention",
            "medium",
            "total_gte",
            "hepatitis.va.gov AUDIT-C page: brief intervention from 5",
            at_least=5,
        ),
        Flag(
            "high-alcohol-risk",
            "high",
            "total_gte",
            "VA QUERI AUDIT-C FAQ 19 speaks of high scores; reading it as 8 or more is our policy, unverified",
            at_least=8,
        ),
        Flag(
            "points-from-item-1-only",
            "info",
            "only_first_item_positive",
            "LOINC 75626-2: likely below recommended limits",
        ),
    ),
    unverified=(
        MISSING_POLICY,
        "8 or more as high risk (policy).",
        "3 as the cut-off when sex is not known (policy).",
        "No Spanish wording was confirmed.",
    ),
)
