"""Why an entry stands where it stands, in words for the clinician; the chart's own words are never kept."""

import re

import consents.rules.reasons

_STATUS = re.compile(r"status-(\d{3})")
WORDS = {
    "tells-of-substance-use": "it tells of care for alcohol or drug use, and no permission covers it",
    "read-back-differs": "the chart holds something else than what was sent",
    "more-than-one-match": "the chart holds it more than once",
}


def in_words(code: str) -> str:
    """A code without words stays as it is: nothing is made up."""
    if refused := _STATUS.fullmatch(code):
        return f"the chart refused it (HTTP {refused[1]})"
    return WORDS.get(code) or consents.rules.reasons.in_words(code)
