"""Who got what: one ledger, two reports with a filter each (42 CFR 2.25, 45 CFR 164.528).

HIPAA's list leaves out treatment, payment and operations and what the patient authorised; Part 2's list is of what was
disclosed with the patient's consent. Neither filter serves for the other.
"""

import csv
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import StringIO
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import Disclosure
from consents.policy import TPO_PURPOSES
from consents.rules.reasons import UNCOVERED, in_words
from consents.rules.told import What, counted, what
from consents.selectors import PURPOSE_WORDS
from core import clock
from core.fields.typed import plain
from core.models import Patient

SENT_BY_US = "fhir"  # the channel of what Candor sent; its recipient is the clinic's own chart
UNSAFE = ("=", "+", "-", "@")  # what a spreadsheet takes for the beginning of a formula


class Report(StrEnum):
    PART2 = "part2"
    HIPAA = "hipaa"


YEARS = {Report.PART2: 3, Report.HIPAA: 6}
# A disclosure that failed told nobody anything; one whose end is unknown counts until it is known.
TOLD = Q(state__in=[Disclosure.State.SENT, Disclosure.State.UNKNOWN, Disclosure.State.ATTEMPTING])
FILTERS = {
    Report.PART2: TOLD & Q(is_part2=True, signature__isnull=False),
    # Longer than the rule asks: what should not have been told is on it whatever it was for.
    Report.HIPAA: TOLD & Q(signature__isnull=True) & (~Q(purpose__in=TPO_PURPOSES) | Q(basis__startswith=UNCOVERED)),
}
HEADINGS = ("Date and time", "Recipient", "Address or facility", "What", "Purpose", "Basis", "Written down")


@dataclass(frozen=True)
class Line:
    """164.528(b)(2): the date, who received it and their address if known, what it was, and why, all in words.

    `at` is when it was told; `written_at` when a person wrote that down, None for what Candor sent itself. `what` is
    what a person typed, else `entry` says it; `source` is the entry, which may have been sent more than once.
    """

    at: datetime
    recipient: str
    address: str
    what: str
    purpose: str
    basis: str
    written_at: datetime | None
    is_sent: bool
    entry: What | None
    source: UUID


@dataclass(frozen=True)
class Group:
    """One filing: what went to one recipient for one purpose on one day at the clinic (164.528(b)(3): the whole of the
    first, how many there were, and the last)."""

    first: Line
    last: Line
    count: int
    entries: tuple[tuple[What, int], ...]


@dataclass(frozen=True)
class Account:
    report: Report
    since: datetime
    until: datetime
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]

    @property
    def addresses(self) -> dict[str, str]:
        """Where on the network the recipients are that were sent something; no place where a person lives or works."""
        return {line.recipient: line.address for line in self.lines if line.is_sent and line.address}


@transaction.atomic
def account(*, patient: Patient, report: str, actor: Actor) -> Account:
    """What there is to account for as of now; that it was read is recorded. Raises ValueError for another report."""
    which, now = Report(report), clock.now()
    since = _years_before(now, YEARS[which])
    rows = Disclosure.objects.filter(FILTERS[which], patient=patient, at__gte=since, at__lte=now).order_by("at")
    lines = tuple(_line(row) for row in rows)
    groups = _grouped(lines, ZoneInfo(patient.clinic.time_zone))
    audit.services.record(
        Action.ACCOUNTING_READ,
        actor=actor,
        obj=Ref("core.Patient", str(patient.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"report": which.value, "lines": len(lines)},
    )
    return Account(which, since, now, lines, groups)


def _line(row: Disclosure) -> Line:
    """Without codes: the list is for the patient."""
    entry = None if row.description else what(row.kind, row.about, row.summary)
    return Line(
        at=row.at,
        recipient=row.recipient,
        address=row.recipient_address,
        what=row.description or (str(entry) if entry else row.summary),
        purpose=PURPOSE_WORDS.get(row.purpose, row.purpose),
        basis=in_words(row.basis),
        written_at=row.settled_at if row.description else None,
        is_sent=row.channel == SENT_BY_US,
        entry=entry,
        source=row.source_ref,
    )


def _grouped(lines: tuple[Line, ...], zone: ZoneInfo) -> tuple[Group, ...]:
    """The earliest first. What staff told stands alone, in their own words."""
    found: dict[object, list[Line]] = {}
    for one in lines:
        filing = (one.at.astimezone(zone).date(), one.recipient, one.address, one.purpose, one.basis)
        found.setdefault(filing if one.is_sent and one.entry else one, []).append(one)
    return tuple(_group(together) for together in found.values())


def _group(lines: list[Line]) -> Group:
    once = {one.source: one.entry for one in lines if one.entry}
    return Group(lines[0], lines[-1], len(lines), tuple(counted(once.values())))


def _years_before(moment: datetime, years: int) -> datetime:
    """The same day that many years ago; 29 February becomes the day before, so that the list is never shorter."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)


def as_csv(given: Account, time_zone: str) -> str:
    """For a spreadsheet, in which no cell is a formula. Times are the clinic's, each with its offset from UTC."""
    target = StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADINGS)
    for one in given.lines:
        at, written = (_moment(moment, time_zone) for moment in (one.at, one.written_at))
        cells = (at, one.recipient, one.address, one.what, one.purpose, one.basis, written)
        writer.writerow(_inert(cell) for cell in cells)
    return target.getvalue()


def _moment(at: datetime | None, time_zone: str) -> str:
    return at.astimezone(ZoneInfo(time_zone)).isoformat(" ", "seconds") if at else ""


def _inert(cell: str) -> str:
    """Wide forms of the signs count too, and signs behind what nobody sees: some programs fold or skip those."""
    seen = "".join(unicodedata.normalize("NFKC", plain(cell)).split())
    return f"'{cell}" if seen.startswith(UNSAFE) or cell[:1] in ("\t", "\r", "\n") else cell
