"""The instruments are what was published: points, bands, cut-offs, flags, words."""

import hashlib
import json
from pathlib import Path

import pytest

from screening import instruments, scoring
from screening.instruments.base import FREQUENCY, LOINC, Flag

PUBLISHED = json.loads((Path(__file__).parent / "data" / "published_scoring.json").read_text(encoding="utf-8"))[
    "instruments"
]
EVERY = pytest.mark.parametrize("key", instruments.REGISTRY)


def loinc_check_digit(code: str) -> bool:
    """The Luhn check LOINC uses, letters counted by their place after "0" in ASCII."""
    body, check = code.split("-")
    values = [ord(character) - ord("0") for character in reversed(body)]
    total = sum(2 * v - v // 5 * 9 if n % 2 == 0 else v for n, v in enumerate(values))
    return (10 - total % 10) % 10 == int(check)


def as_published(flag: Flag) -> dict[str, object]:
    optional = {"linkId": flag.link_id, "value": flag.level or flag.at_least}
    given: dict[str, object] = {key: value for key, value in optional.items() if value}
    return {"code": flag.code, "priority": flag.priority, "type": flag.kind} | given


def test_the_registry_names_the_nine_instruments():
    assert set(instruments.REGISTRY) == set(PUBLISHED)
    assert all(key == instrument.key for key, instrument in instruments.REGISTRY.items())


@EVERY
def test_items_and_points_are_the_published_ones(key):
    scored = [
        {
            "linkId": item.link_id,
            "points": {option.code: option.points for option in item.options},
            "reverse": item.reverse,
        }
        for item in instruments.get(key).items
        if item.options[0].points is not None
    ]
    assert scored == PUBLISHED[key]["items"]


@EVERY
def test_codes_bands_and_cut_offs_are_the_published_ones(key):
    instrument, published = instruments.get(key), PUBLISHED[key]
    assert instrument.panel_loinc == published["panel"]
    assert instrument.total_loinc == published["totalLoinc"]
    bands = [{"code": b.code, "label": b.label, "min": b.low, "max": b.high} for b in instrument.bands]
    assert bands == published.get("bands", [])
    cutoff = (
        {sex: instrument.positive.for_sex(sex) for sex in ("male", "female", "unknown")}
        if instrument.positive
        else None
    )
    assert cutoff == published.get("cutoff")
    assert instrument.highest == published.get("range", [0, 0])[1]


@EVERY
def test_levels_and_flags_are_the_published_ones(key):
    instrument, published = instruments.get(key), PUBLISHED[key]
    levels = [{"level": v.code, "code": v.loinc, "anyYes": list(v.any_yes)} for v in instrument.levels]
    assert levels == published.get("levels", [])
    flags = [as_published(flag) for flag in instrument.flags]
    assert flags == published["flags"]


@EVERY
@pytest.mark.parametrize("sex", ["male", "female", "other", "unknown"])
def test_bands_cover_every_total_once(key, sex):
    instrument = instruments.get(key)
    if instrument.levels:
        assert instrument.bands_for(sex) == ()
        return
    covered = [total for band in instrument.bands_for(sex) for total in range(band.low, band.high + 1)]
    assert covered == list(range(instrument.highest + 1))


@EVERY
def test_each_instrument_says_where_it_comes_from_and_what_is_unverified(key):
    instrument = instruments.get(key)
    assert instrument.title
    assert instrument.citation
    assert instrument.copyright
    assert instrument.unverified
    assert instrument.bands_source or instrument.levels
    assert all(flag.source for flag in instrument.flags)


def test_a_credit_line_is_kept_where_the_licence_asks_for_one():
    assert {key for key, each in instruments.REGISTRY.items() if each.credit} == {"dast-10", "audit", "audit-c"}


def test_link_ids_are_unique_across_instruments():
    link_ids = [item.link_id for each in instruments.REGISTRY.values() for item in each.items]
    assert len(link_ids) == len(set(link_ids))


def test_every_loinc_code_has_a_good_check_digit():
    codes: set[str | None] = set()
    for each in instruments.REGISTRY.values():
        codes |= {each.panel_loinc, each.total_loinc} | {item.loinc for item in each.items}
        codes |= {option.code for item in each.items for option in item.options if option.system == LOINC}
        codes |= {level.loinc for level in each.levels}
    given = sorted(code for code in codes if code)
    assert len(given) > 60
    assert [code for code in given if not loinc_check_digit(code)] == []


def test_the_words_of_each_item_are_the_published_words():
    for each in instruments.REGISTRY.values():
        for item in each.items:
            published = instruments.wordings()[item.link_id]
            assert hashlib.sha256(item.text.encode()).hexdigest() == published, item.link_id


def test_no_wording_is_offered_in_a_language_that_has_none():
    assert instruments.wordings("fr") == {}
    spanish = set(instruments.wordings("es"))
    assert spanish == {link_id for link_id in instruments.wordings() if link_id.startswith(("phq9-", "phq2-"))}
    assert {key for key, each in instruments.REGISTRY.items() if "es" in each.languages} == {"phq-9", "phq-2"}


def test_the_published_answers_can_be_looked_up_by_item():
    assert instruments.answer_wordings()["gad7-q1"] == {option.code: option.text for option in FREQUENCY}
    assert instruments.answer_wordings()["phq9-difficulty"]["LA6575-0"] == "Very difficult"


def test_a_band_or_level_code_has_its_printed_name():
    assert instruments.get("phq-9").label("moderately-severe") == "Moderately severe"
    assert instruments.get("audit-c").label("positive") == "Positive"
    assert instruments.get("c-ssrs-screener").label("high") == "High"


def test_the_two_item_screens_use_the_words_of_the_long_ones():
    for short, long in (("phq-2", "phq-9"), ("gad-2", "gad-7"), ("audit-c", "audit")):
        pairs = zip(instruments.get(short).items, instruments.get(long).items, strict=False)
        assert all(a.text == b.text and a.options == b.options and a.loinc == b.loinc for a, b in pairs)


def test_totals_never_exceed_the_highest():
    worst = {f"audit-q{n}": item.options[-1].code for n, item in enumerate(instruments.get("audit").items, start=1)}
    assert scoring.detail(scoring.score("audit", worst))["total"] == instruments.get("audit").highest == 40
