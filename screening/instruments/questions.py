"""Questions of Candor's own whose Yes a human must hear of at once, and the patient's own words. Neither is scored.

The words are ours, no published instrument, and so are the priorities: UNVERIFIED proposals that wait for a clinician's
sign-off, like every priority here. Keep the words the same as in `intake/definitions` (a test compares them).
"""

from collections.abc import Mapping
from types import MappingProxyType

from screening.instruments.base import YES_NO, Flag, Instrument, Item

OURS = "a question of our own; that a Yes pages is a proposal"

HARM = Instrument(
    key="harm-to-others",
    name="Thoughts of harming others",
    title="Thoughts of harming others",
    citation="Candor's own question",
    copyright="",
    items=(Item("safe-harm-others", "In the past 2 weeks, have you had thoughts of hurting someone else?", YES_NO),),
    flags=(Flag("harm-to-others", "high", "item_yes", OURS, link_id="safe-harm-others"),),
    languages=("en", "es"),
)
OVERDOSE = Instrument(
    key="overdose",
    name="Overdose",
    title="Overdose, ever and in the past 30 days",
    citation="Candor's own questions",
    copyright="",
    items=(
        Item("sub-overdose-ever", "Have you ever had an overdose?", YES_NO),
        Item(
            "sub-overdose-30",
            "Did you have an overdose in the past 30 days?",
            YES_NO,
            asked_after_yes="sub-overdose-ever",
        ),
    ),
    flags=(Flag("overdose-in-30-days", "high", "item_yes", OURS, link_id="sub-overdose-30"),),
    languages=("en", "es"),
)
# What is kept of free text that `screening.rules.phrases` found: no question, so nothing to answer or to score.
OWN_WORDS = Instrument(
    key="own-words", name="Own words", title="What was written in own words", citation="none", copyright="", items=()
)

QUESTIONS: Mapping[str, Instrument] = MappingProxyType({each.key: each for each in (HARM, OVERDOSE)})
