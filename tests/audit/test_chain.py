"""The pure chain: each way of tampering is found, and what a chain alone can't see is stated."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audit.chain import GENESIS, Record, Sealed, canonical, leaf, link, verify

KEY = b"k" * 32


def record(number: int) -> Record:
    at = datetime(2026, 1, 1, 12, 0, number, tzinfo=UTC)
    return Record(f"e{number}", at, "step.saved", "patient", "p", "c", "p", "t", "o", "r", "{}")


def log(length: int, key: bytes = KEY) -> list[Sealed]:
    head, rows = GENESIS, []
    for number in range(1, length + 1):
        hashed = leaf(key, record(number))
        head = link(head, hashed)
        rows.append(Sealed(number, f"e{number}", hashed, head, record(number)))
    return rows


def edited(rows, index):
    rows[index] = replace(rows[index], record=replace(rows[index].record, actor_id="somebody else"))


def deleted_event(rows, index):
    rows[index] = replace(rows[index], record=None)


def swapped(rows, index):
    rows[index], rows[index + 1] = replace(rows[index + 1], seq=index + 1), replace(rows[index], seq=index + 2)


def forged_without_the_key(rows, index):
    hashed = leaf(b"guess" * 6, rows[index].record)
    rows[index] = replace(rows[index], leaf_hash=hashed, link_hash=link(rows[index - 1].link_hash, hashed))


@pytest.mark.parametrize("attack", [edited, deleted_event, swapped, forged_without_the_key])
@pytest.mark.parametrize("index", [1, 5, 8])
def test_tampering_is_named_where_it_begins(attack, index):
    rows = log(10)
    attack(rows, index)
    assert verify(KEY, rows).fault.seq == index + 1


def test_a_removed_leaf_leaves_a_gap():
    rows = log(10)
    del rows[4]
    assert verify(KEY, rows).fault.reason == "sequence 5 is missing"


def test_a_whole_log_verifies():
    verdict = verify(KEY, log(10), wanted=frozenset({4, 10}))
    assert (verdict.checked, verdict.fault) == (10, None)
    assert verdict.links[10] == verdict.head


def test_a_cut_tail_is_not_seen_without_a_checkpoint():
    assert verify(KEY, log(10)[:7]).fault is None


def test_fields_can_not_be_shifted_into_each_other():
    one = replace(record(1), actor_kind="ab", actor_id="c")
    other = replace(record(1), actor_kind="a", actor_id="bc")
    assert canonical(one) != canonical(other)
