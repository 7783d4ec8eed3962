"""PHQ-9: nine problems over the last two weeks, 0 to 27 points.

Kroenke K, Spitzer RL, Williams JBW. The PHQ-9: validity of a brief depression severity measure.
J Gen Intern Med 2001;16:606-613. Codes and answer list: US Core PHQ-9 example, LOINC 44249-1 and LL358-3.
Bands: LOINC LL382-3. LOINC's text for 44261-6 starts "minimal" at 1, LL382-3 starts it at 0: the latter is used.
Cut-off 10: PMC2906530 (Kroenke 2010, sensitivity 77-88 %, specificity 88-94 %).

Change: Löwe B, Unützer J, Callahan CM, Perkins AJ, Kroenke K. Med Care 2004;42:1194-1201 (5 points, two standard errors
of measurement, for individual change). Response and remission: Coley RY et al. Psychiatr Serv 2020,
doi:10.1176/appi.ps.201900295, after NCQA's indicators (a reduction of 50 % or more; a total below 5; first total at
least 10). Both read in their abstracts.

Licence: Pfizer notice below; no permission required.

Item 9 raises its flag whatever the total, also without one: a total of 1 is "minimal" and still a safety matter.
The difficulty question (69722-7) is never scored, and its codes are not in number order: LA6575-0 is Very,
LA6574-3 is Extremely.
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
    Option,
    Progress,
)

PHQ9 = Instrument(
    key="phq-9",
    name="PHQ-9",
    title="Patient Health Questionnaire-9 (PHQ-9)",
    citation="Kroenke, Spitzer, Williams. J Gen Intern Med 2001;16:606-613",
    copyright=PFIZER_NOTICE,
    panel_loinc="44249-1",
    total_loinc="44261-6",
    languages=("en", "es"),
    items=(
        Item("phq9-q1", "Little interest or pleasure in doing things", FREQUENCY, "44250-9", same_as="phq2-q1"),
        Item("phq9-q2", "Feeling down, depressed, or hopeless", FREQUENCY, "44255-8", same_as="phq2-q2"),
        Item("phq9-q3", "Trouble falling or staying asleep, or sleeping too much", FREQUENCY, "44259-0"),
        Item("phq9-q4", "Feeling tired or having little energy", FREQUENCY, "44254-1"),
        Item("phq9-q5", "Poor appetite or overeating", FREQUENCY, "44251-7"),
        Item(
            "phq9-q6",
            "Feeling bad about yourself — or that you are a failure or have let yourself or your family down",
            FREQUENCY,
            "44258-2",
        ),
        Item(
            "phq9-q7",
            "Trouble concentrating on things, such as reading the newspaper or watching television",
            FREQUENCY,
            "44252-5",
        ),
        Item(
            "phq9-q8",
            "Moving or speaking so slowly that other people could have noticed? Or the opposite — being so fidgety or "
            "restless that you have been moving around a lot more than usual",
            FREQUENCY,
            "44253-3",
        ),
        Item(
            "phq9-q9",
            "Thoughts that you would be better off dead or of hurting yourself in some way",
            FREQUENCY,
            "44260-8",
        ),
        Item(
            "phq9-difficulty",
            "If you checked off any problems, how difficult have these problems made it for you to do your work, take "
            "care of things at home, or get along with other people?",
            (
                Option("LA6572-7", "Not difficult at all"),
                Option("LA6573-5", "Somewhat difficult"),
                Option("LA6575-0", "Very difficult"),
                Option("LA6574-3", "Extremely difficult"),
            ),
            "69722-7",
            needed=False,
        ),
    ),
    bands=(
        Band("minimal", "None-minimal", 0, 4),
        Band("mild", "Mild", 5, 9),
        Band("moderate", "Moderate", 10, 14),
        Band("moderately-severe", "Moderately severe", 15, 19),
        Band("severe", "Severe", 20, 27),
    ),
    bands_source="LOINC LL382-3; Kroenke, Spitzer, Williams 2001",
    positive=Cutoff.same(10, "PMC2906530 (Kroenke 2010)"),
    flags=(
        Flag(
            "suicide-item-positive",
            "high",
            "item_gte",
            "SPiER PHQ-9 guide: any answer above zero on item 9",
            at_least=1,
            link_id="phq9-q9",
        ),
        Flag(
            "severe-depression",
            "high",
            "total_gte",
            "severe band of LOINC LL382-3; that it needs a prompt review is our policy",
            at_least=20,
        ),
    ),
    progress=Progress(
        5,
        "Löwe 2004, Med Care 42:1194: two standard errors of measurement",
        response_from=10,
        remission_below=5,
        response_source="Coley 2020, Psychiatr Serv, doi:10.1176/appi.ps.201900295",
        unverified=(
            "Not verified: read in the papers' abstracts only. England's Talking Therapies programme is said to use "
            "6 points; its manual was not seen.",
        ),
    ),
    unverified=(
        MISSING_POLICY,
        "The Spanish wording carries the Pfizer notice; that it is the United States edition was not printed on it.",
    ),
)
