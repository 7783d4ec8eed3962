"""DAST-10: ten yes/no questions on drug use in the past 12 months, 0 to 10 points.

Skinner HA. The Drug Abuse Screening Test. Addict Behav 1982;7:363-371. Items as reprinted by Nova Southeastern
University; scoring: Comorbidity Guidelines (Australia) appendix W table 69 and NIDA CDE node 192; cut-off 3:
LOINC 82667-7, PMID 17306727. 82666-9 is the panel, 82667-7 the total; 82665-1 belongs to the 28-item DAST.

Item 3 is reversed: all Yes gives 9, all No gives 1.

Licence: (c) 1982 Harvey A. Skinner and the Centre for Addiction and Mental Health, Toronto. Free for non-commercial
clinical, research and training use with credit; a commercial product needs the holder's permission.
"""

from screening.instruments.base import MISSING_POLICY, YES_NO_SCORED, Band, Cutoff, Flag, Instrument, Item

DAST10 = Instrument(
    key="dast-10",
    name="DAST-10",
    title="Drug Abuse Screening Test (DAST-10)",
    citation="Skinner. Addict Behav 1982;7:363-371",
    copyright=(
        "Copyright 1982 by Harvey A. Skinner, PhD, and the Centre for Addiction and Mental Health, Toronto, Canada. "
        "You may reproduce this instrument for non-commercial use (clinical, research, training purposes) as long as "
        "you credit the author Dr. Harvey A. Skinner. Commercial use: permission of the copyright holder needed."
    ),
    right=(
        "Our use of the DAST-10 is not commercial (clinical care, research or training), or we hold the permission of "
        "the copyright holder. We credit the author, Dr. Harvey A. Skinner."
    ),
    credit=(
        "DAST-10: (c) 1982 Harvey A. Skinner, PhD, and the Centre for Addiction and Mental Health, Toronto, Canada. "
        "Non-commercial use only."
    ),
    panel_loinc="82666-9",
    total_loinc="82667-7",
    items=(
        Item("dast10-q1", "Have you used drugs other than those required for medical reasons?", YES_NO_SCORED),
        Item("dast10-q2", "Do you abuse more than one drug at a time?", YES_NO_SCORED),
        Item("dast10-q3", "Are you always able to stop using drugs when you want to?", YES_NO_SCORED, reverse=True),
        Item("dast10-q4", 'Have you had "blackouts" or "flashbacks" as a result of drug use?', YES_NO_SCORED),
        Item("dast10-q5", "Do you ever feel bad or guilty about your drug use?", YES_NO_SCORED),
        Item(
            "dast10-q6",
            "Does your spouse (or parents) ever complain about your involvement with drugs?",
            YES_NO_SCORED,
        ),
        Item("dast10-q7", "Have you neglected your family because of your use of drugs?", YES_NO_SCORED),
        Item("dast10-q8", "Have you engaged in illegal activities in order to obtain drugs?", YES_NO_SCORED),
        Item(
            "dast10-q9",
            "Have you ever experienced withdrawal symptoms (felt sick) when you stopped taking drugs?",
            YES_NO_SCORED,
        ),
        Item(
            "dast10-q10",
            "Have you had medical problems as a result of your drug use (e.g., memory loss, hepatitis, convulsions, "
            "bleeding, etc.)?",
            YES_NO_SCORED,
        ),
    ),
    bands=(
        Band("none", "No problems reported", 0, 0),
        Band("low", "Low level", 1, 2),
        Band("moderate", "Moderate level", 3, 5),
        Band("substantial", "Substantial level", 6, 8),
        Band("severe", "Severe level", 9, 10),
    ),
    bands_source="Comorbidity Guidelines appendix W table 69; NIDA CDE node 192",
    positive=Cutoff.same(3, "LOINC 82667-7 (PMID 17306727)"),
    flags=(
        Flag(
            "substantial-drug-problem",
            "high",
            "total_gte",
            "Comorbidity Guidelines table 69: intensive assessment from 6",
            at_least=6,
        ),
    ),
    unverified=(
        MISSING_POLICY,
        "LOINC item codes (left out).",
        'The introduction varies between editions; ours is from a reprint, and "In the past 12 months:" was added.',
        "No Spanish wording was confirmed.",
    ),
)
