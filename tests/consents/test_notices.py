"""42 CFR 2.32(a): both statements word for word, and three readers of older wordings that must not pass."""

import hashlib

import pytest

from consents.policy import NOTICE, NOTICE_SHORT

STATEMENT_1 = "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8"
STATEMENT_2 = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


def is_current(text: str) -> bool:
    """One of the two statements as amended in 2024; how the lines are broken does not matter."""
    collapsed = " ".join(text.split())
    return hashlib.sha256(collapsed.encode()).hexdigest() == STATEMENT_1 or collapsed == STATEMENT_2


@pytest.mark.parametrize("notice", [NOTICE, NOTICE_SHORT])
def test_each_statement_is_the_regulations_own_wording(notice):
    assert is_current(notice)
    assert is_current(notice.replace(" ", "\n  "))


OLDER = {
    "making any further disclosure": NOTICE.replace(
        "making any other use or disclosure of this record unless at least one of the following applies",
        "making any further disclosure of this record unless further disclosure is expressly permitted",
    ),
    "investigate or prosecute": NOTICE.replace(
        "A general authorization",
        "The Federal rules restrict any use of the information to investigate or prosecute with regard to a crime any "
        "patient with a substance use disorder. A general authorization",
    ),
    "without use or": NOTICE_SHORT.replace("use or ", ""),
}


@pytest.mark.parametrize("reader", OLDER)
def test_a_reader_of_the_wording_from_before_2024_fails(reader):
    assert OLDER[reader] not in (NOTICE, NOTICE_SHORT)
    assert not is_current(OLDER[reader])
