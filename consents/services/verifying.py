"""One file in a hand: is it what the clinic sealed? Asks the file itself, then the database if there is one."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from uuid import UUID

from django.conf import settings

from consents.adapters import certificate
from consents.adapters.certificate import NoCertificate
from consents.adapters.examiner import Findings, examine
from consents.services import proving


class Verdict(IntEnum):
    """The command's exit codes."""

    VALID = 0
    ALTERED = 1
    UNKNOWN = 2


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    because: str


@dataclass(frozen=True)
class Records:
    """What the database knows: whose PDF has a hash, whether a signature is there, what of it was altered."""

    sealed_as: Callable[[str], UUID | None] = proving.sealed_as
    is_known: Callable[[UUID], bool] = proving.is_known
    altered: Callable[[UUID], tuple[str, ...]] = proving.altered


def known_certificates() -> frozenset[bytes]:
    """SHA-256 of the certificate we seal with, and of those before it. Raises NoCertificate for an unreadable file."""
    try:
        ours = frozenset({certificate.fingerprint(certificate.of_the_clinic())})
    except NoCertificate:
        ours = frozenset()
    earlier = settings.SEAL_EARLIER_CERTIFICATES
    return ours | (certificate.fingerprints(Path(earlier)) if earlier else frozenset())


def judge(content: bytes, *, records: Records | None) -> Judgement:
    """Valid, altered or unknown, with a sentence. Raises NoCertificate, and DatabaseError where there are `records`."""
    found = examine(content)
    if not found.is_pdf:
        return Judgement(Verdict.UNKNOWN, "this file is not a PDF")
    if records and (known := records.sealed_as(hashlib.sha256(content).hexdigest())):
        return _of_record(records.altered(known), "this is, byte for byte, the PDF that was sealed")
    ours = found.sealed_by in known_certificates()
    if records and found.claims and records.is_known(found.claims):
        return _of_claim(found, records.altered(found.claims), ours=ours)
    return _of_file_alone(found, ours=ours)


def _of_record(altered: tuple[str, ...], words: str) -> Judgement:
    if altered:
        what = ", ".join(altered)
        return Judgement(Verdict.ALTERED, f"{words}, but what the database holds about it was changed: {what}")
    return Judgement(Verdict.VALID, f"{words}, and the database and its audit trail agree")


def _of_claim(found: Findings, altered: tuple[str, ...], *, ours: bool) -> Judgement:
    """Not the bytes that the database has a hash of: somebody changed one or the other."""
    if found.whole and ours and altered:
        return _of_record(altered, "its own seal is good")
    return Judgement(Verdict.ALTERED, "this is not the PDF that was sealed under its number")


def _of_file_alone(found: Findings, *, ours: bool) -> Judgement:
    if found.whole and ours:
        return Judgement(Verdict.VALID, "sealed with this clinic's certificate and unchanged since")
    if found.whole:
        return Judgement(Verdict.UNKNOWN, "unchanged since it was signed, with a certificate that is not known here")
    if found.claims or ours:
        return Judgement(Verdict.ALTERED, "it was changed after it was sealed")
    return Judgement(Verdict.UNKNOWN, "it carries no seal of Candor")
