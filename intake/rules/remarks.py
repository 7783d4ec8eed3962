"""What a clinician said about an answer before it was filed: a correction, or that it is not to be filed.

Filing is the chart's room, which stands above this one: it registers how remarks are read. Without it there are none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Remark:
    """About the entry `label`, made of the form `slug` in that packet. `changes` are (field, before, after); without
    any the entry was kept out of the chart. `by` and `at` are unknown of what is older than their being kept."""

    packet_id: UUID
    slug: str
    label: str
    by: str
    at: datetime | None
    reason: str
    changes: tuple[tuple[str, str, str], ...]

    @property
    def is_kept_out(self) -> bool:
        return not self.changes

    @property
    def said(self) -> str:
        """In one sentence, without who and when."""
        if self.is_kept_out:
            return f"{self.label}: kept out of the chart"
        return f"{self.label}: " + "; ".join(
            f"{field} “{before}” corrected to “{after}”" if before and after else _one_sided(field, before, after)
            for field, before, after in self.changes
        )


def _one_sided(field: str, before: str, after: str) -> str:
    return f"{field} added: “{after}”" if after else f"{field} taken out: “{before}”"


class Reader(Protocol):
    def __call__(self, patient_id: UUID, *, sensitive: bool) -> Sequence[Remark]: ...


_readers: list[Reader] = []


def read_with(reader: Reader) -> None:
    """Called once, when the chart's room opens."""
    _readers.append(reader)


def remarks(patient_id: UUID, *, sensitive: bool) -> list[Remark]:
    """About all packets, the earliest first; what tells of substance use only if `sensitive`."""
    return [one for reader in _readers for one in reader(patient_id, sensitive=sensitive)]


def about(told: Iterable[Remark], packet_id: UUID, slug: str) -> list[Remark]:
    """Those about one form of one packet."""
    return [one for one in told if (one.packet_id, one.slug) == (packet_id, slug)]
