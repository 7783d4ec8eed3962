"""C-SSRS Screener, recent: six questions on suicidal thoughts (past month) and behavior. A level, never a total.

Posner K, Brown GK, Stanley B, et al. The Columbia-Suicide Severity Rating Scale. Am J Psychiatry 2011;168:1266-1277.
Codes: HL7 US Behavioral Health Profiles C-SSRS example, SPiER; panel LOINC 93373-9, level 93374-7.
Triage: Columbia Lighthouse Project triage page (past-month Yes to 4 or 5, or any behavior in the past 3 months, is the
most worrisome); help.blueprint-health.com 5208202 (1 or 2 low, 3 or lifetime behavior moderate). Two public files rate
question 4 as moderate: Columbia's own page is followed. LOINC's list LL465-6 has no answer for "none".

Questions 1, 2 and 6 are always asked; 3 to 5 after Yes to 2; "past 3 months" after Yes to 6. Behavior of unknown date
counts as recent: our safe default, not a published rule.

Licence: (c) 2008 The Research Foundation for Mental Hygiene, Inc.; the wording must not be altered. Columbia's page
asks no licence of health providers; a vendor should ask Columbia.
"""

from screening.instruments.base import YES, YES_NO, Flag, Instrument, Item, Level

TRIAGE = "Columbia Lighthouse Project triage page; levels 1/2, 3/6, 4/5/6-recent"

CSSRS = Instrument(
    key="c-ssrs-screener",
    name="C-SSRS screener",
    title="Columbia-Suicide Severity Rating Scale Screener - Recent",
    citation="Posner, Brown, Stanley, et al. Am J Psychiatry 2011;168:1266-1277",
    copyright=(
        "(c) 2008 The Research Foundation for Mental Hygiene, Inc. Developed by Posner, K.; Brent, D.; Lucas, C.; "
        "Gould, M.; Stanley, B.; Brown, G.; Fisher, P.; Zelazny, J.; Burke, A.; Oquendo, M.; Mann, J. Item wording "
        "must not be altered. Contact: The Columbia Lighthouse Project (cssrs.columbia.edu)."
    ),
    panel_loinc="93373-9",
    level_loinc="93374-7",
    items=(
        Item(
            "cssrs-q1",
            "Have you wished you were dead or wished you could go to sleep and not wake up?",
            YES_NO,
            "93246-7",
        ),
        Item("cssrs-q2", "Have you actually had any thoughts of killing yourself?", YES_NO, "93247-5"),
        Item(
            "cssrs-q3",
            "Have you been thinking about how you might do this?",
            YES_NO,
            "93248-3",
            asked_after_yes="cssrs-q2",
        ),
        Item(
            "cssrs-q4",
            "Have you had these thoughts and had some intention of acting on them?",
            YES_NO,
            "93249-1",
            asked_after_yes="cssrs-q2",
        ),
        Item(
            "cssrs-q5",
            "Have you started to work out or worked out the details of how to kill yourself? Do you intend to "
            "carry out this plan?",
            YES_NO,
            "93250-9",
            asked_after_yes="cssrs-q2",
        ),
        Item(
            "cssrs-q6",
            "Have you ever done anything, started to do anything, or prepared to do anything to end your life?",
            YES_NO,
            "93267-3",
        ),
        Item(
            "cssrs-q6-recent",
            "Was this within the past 3 months?",
            YES_NO,
            "93269-9",
            asked_after_yes="cssrs-q6",
            blank_counts_as=YES,
        ),
    ),
    levels=(
        Level("high", "High", "LA9193-9", ("cssrs-q4", "cssrs-q5", "cssrs-q6-recent")),
        Level("moderate", "Moderate", "LA6751-7", ("cssrs-q3", "cssrs-q6")),
        Level("low", "Low", "LA9194-7", ("cssrs-q1", "cssrs-q2")),
        Level("none", "None", None, ()),
    ),
    flags=(
        Flag("suicide-risk-high", "critical", "level", TRIAGE, level="high"),
        Flag("suicide-risk-moderate", "high", "level", TRIAGE, level="moderate"),
    ),
    unverified=(
        "The self-report form as such, and the examples printed under question 6.",
        "Behavior of unknown date counted as recent (policy).",
        "No Spanish wording was confirmed.",
    ),
)
