"""Values are typed, never guessed, and compared only where they can be."""

from decimal import Decimal

import pytest

from intake.engine.values import UnreadableValue, Value, equal, order, read


@pytest.mark.parametrize(
    ("type_", "raw", "code"),
    [
        ("boolean", 1, "wrong-type"),
        ("boolean", "true", "wrong-type"),
        ("integer", True, "wrong-type"),
        ("integer", 5.0, "wrong-type"),
        ("integer", 2**31, "wrong-type"),
        ("decimal", "5", "wrong-type"),
        ("decimal", False, "wrong-type"),
        ("decimal", float("nan"), "wrong-type"),
        ("decimal", float("inf"), "wrong-type"),
        ("decimal", Decimal("1e999"), "wrong-type"),
        ("decimal", 10**200, "wrong-type"),
        ("decimal", Decimal("1." + "1" * 200), "wrong-type"),
        ("string", 5, "wrong-type"),
        ("string", "a\x00b", "bad-characters"),
        ("string", "\ud800", "bad-characters"),
        ("string", "x" * (2**20 + 1), "too-long"),
        ("uri", "a b", "wrong-type"),
        ("date", "2024-13-01", "impossible-date"),
        ("date", "0000-01-01", "impossible-date"),
        ("date", "24-01-01", "impossible-date"),
        ("date", "٢٠٢٤", "impossible-date"),
        ("date", 2024, "wrong-type"),
        ("dateTime", "2024-01-01T10:00:00", "impossible-date"),
        ("dateTime", "2024-01T10:00:00Z", "impossible-date"),
        ("dateTime", "2024-01-01T25:00:00Z", "impossible-date"),
        ("dateTime", "2024-01-01T10:00:00+15:00", "impossible-date"),
        ("dateTime", "2024-01-01T10:00:00-10:60", "impossible-date"),
        ("time", "10:00", "impossible-time"),
        ("time", "10:60:00", "impossible-time"),
        ("time", "10:00:00.0000000000001", "impossible-time"),
        ("Coding", "A", "wrong-type"),
        ("Coding", {"code": 5}, "wrong-type"),
        ("Coding", {"code": "A\x01"}, "bad-characters"),
        ("Quantity", {"value": "5"}, "wrong-type"),
        ("Attachment", [], "wrong-type"),
        ("Reference", {"reference": None}, "wrong-type"),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(type_, raw, code):
    with pytest.raises(UnreadableValue) as refused:
        read(type_, raw)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("type_", "raw"),
    [
        ("string", " \n\t"),
        ("string", "\u2003\u00a0"),
        ("uri", ""),
        ("date", ""),
        ("time", " "),
        ("Coding", {}),
        ("Coding", {"code": " ", "display": ""}),
        ("Quantity", {"unit": "mg"}),
        ("Attachment", {"title": "card"}),
        ("Reference", {}),
    ],
)
def test_what_is_blank_is_no_answer(type_, raw):
    assert read(type_, raw) is None


def value(type_, raw):
    found = read(type_, raw)
    assert isinstance(found, Value)
    return found


@pytest.mark.parametrize(
    ("type_", "less", "more"),
    [
        ("integer", -1, 0),
        ("decimal", 0.1, 0.2),
        ("date", "2024-02-28", "2024-02-29"),
        ("date", "2023", "2024-01-01"),
        ("dateTime", "2024-01-01T23:30:00-05:00", "2024-01-02T04:30:01Z"),
        ("dateTime", "2024-01-01", "2024-01-02T00:00:00Z"),
        ("time", "08:59:59", "09:00:00"),
        ("time", "08:59:59.1", "08:59:59.2"),
        ("string", "a", "b"),
        ("Quantity", {"value": 1, "unit": "mg"}, {"value": 2, "unit": "mg"}),
    ],
)
def test_values_have_an_order(type_, less, more):
    assert order(value(type_, less), value(type_, more)) == -1
    assert order(value(type_, more), value(type_, less)) == 1
    assert equal(value(type_, less), value(type_, less)) or "date" in type_


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("boolean", True), ("boolean", False)),
        (("boolean", True), ("integer", 1)),
        (("string", "1"), ("integer", 1)),
        (("date", "2024"), ("date", "2024-05")),
        (("dateTime", "2024-05-01"), ("dateTime", "2024-05-01T00:00:00Z")),
        (("time", "10:00:00"), ("date", "2024-05-01")),
        (("Quantity", {"value": 1, "unit": "mg"}), ("Quantity", {"value": 1, "unit": "g"})),
        (("Quantity", {"value": 1, "unit": "mg", "comparator": "<"}), ("Quantity", {"value": 1, "unit": "mg"})),
        (("Coding", {"system": "s", "code": "A"}), ("Coding", {"system": "t", "code": "A"})),
        (("Coding", {"system": "s", "code": "A"}), ("Coding", {"code": "A"})),
        (("Attachment", {"url": "a"}), ("Attachment", {"url": "b"})),
    ],
)
def test_what_cannot_be_compared_has_no_order_and_is_not_equal(one, other):
    assert order(value(*one), value(*other)) is None
    assert not equal(value(*one), value(*other))


def test_integers_and_decimals_are_both_numbers():
    assert equal(value("integer", 5), value("decimal", 5.0))
    assert order(value("integer", 5), value("decimal", Decimal("5.5"))) == -1


def test_an_empty_system_is_no_system():
    assert equal(value("Coding", {"system": "", "code": "A"}), value("Coding", {"code": "A"}))


def test_a_leap_second_is_a_time():
    assert value("dateTime", "2016-12-31T23:59:60Z").type == "dateTime"


def test_a_file_that_is_sent_along_is_an_answer():
    assert value("Attachment", {"data": "aGk="}).content.has_data
    assert value("Reference", {"identifier": {"value": "5"}}).type == "Reference"


@pytest.mark.parametrize(
    ("type_", "raw", "is_read"),
    [
        ("integer", 2**31 - 1, True),
        ("integer", -(2**31), True),
        ("integer", -(2**31) - 1, False),
        ("decimal", Decimal("1e100"), True),
        ("decimal", Decimal("1e101"), False),
        ("decimal", Decimal("1e-100"), True),
        ("decimal", Decimal("1e-101"), False),
        ("decimal", Decimal("1." + "1" * 99), True),
        ("decimal", Decimal("1." + "1" * 100), False),
        ("string", "x" * 2**20, True),
        ("time", "23:59:59", True),
        ("time", "24:00:00", False),
        ("time", "23:60:00", False),
        ("time", "23:59:61", False),
        ("time", "10:00:00.123456789", True),
        ("time", "10:00:00.1234567890", False),
        ("dateTime", "2024-01-01T10:00:00+14:00", True),
        ("dateTime", "2024-01-01T10:00:00+14:59", True),
        ("dateTime", "2024-01-01T10:00:00+00:60", False),
        ("dateTime", "2024", True),
        ("dateTime", "2024-02-30T10:00:00Z", False),
        ("date", "9999-12-31", True),
        ("date", "0001-01-01", True),
        ("date", "2024-00", False),
        ("Coding", {"system": 1, "code": "A"}, False),
        ("Coding", {"display": ["A"], "code": "A"}, False),
        ("Quantity", {"value": 1, "unit": 1}, False),
        ("Quantity", {"value": 1, "comparator": 1}, False),
        ("Attachment", {"url": "u", "title": 1}, False),
        ("Attachment", {"url": "u", "contentType": 1}, False),
        ("Reference", {"reference": "r", "display": 1}, False),
        ("Reference", {"reference": "r", "display": "\x00"}, False),
    ],
)
def test_the_edges_of_what_can_be_read(type_, raw, is_read):
    if is_read:
        assert read(type_, raw) is not None
        return
    with pytest.raises(UnreadableValue):
        read(type_, raw)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-01-01T12:00:00Z", "2024-01-01T13:00:00+01:00"),
        ("2024-01-01T12:00:00Z", "2024-01-01T12:30:00+00:30"),
        ("2024-01-01T12:00:00Z", "2024-01-01T06:15:00-05:45"),
        ("2024-01-01T00:30:00Z", "2023-12-31T23:30:00-01:00"),
        ("2024-01-01T12:00:00.5Z", "2024-01-01T12:00:00.50Z"),
    ],
)
def test_one_instant_is_the_same_in_every_zone(one, other):
    assert equal(read("dateTime", one), read("dateTime", other))


def quantity(**more):
    return read("Quantity", {"value": 5, **more})


def test_a_quantity_is_compared_by_its_code_where_either_has_one_else_by_its_unit():
    assert equal(quantity(code="mg", system="u", unit="a"), quantity(code="mg", system="u", unit="b"))
    assert not equal(quantity(code="mg", system="u"), quantity(code="mg", system="v"))
    assert not equal(quantity(code="mg", unit="mg"), quantity(unit="mg"))
    assert not equal(quantity(unit="mg"), quantity(code="mg", unit="mg"))
    assert equal(quantity(unit="mg"), quantity(unit="mg", system="u"))
    assert not equal(quantity(unit="mg"), quantity(unit="g"))
    assert not equal(quantity(unit="mg", comparator="<"), quantity(unit="mg"))
    assert not equal(quantity(unit="mg"), quantity(unit="mg", comparator="<"))


def test_dates_are_equal_only_when_known_equally_well():
    year, month, day = (read("date", text) for text in ("2024", "2024-05", "2024-05-06"))
    assert [order(year, month), order(month, day), order(day, month), order(day, day)] == [None, None, None, 0]
    assert order(read("date", "2023"), day) == -1
    assert order(day, read("date", "2023-12")) == 1
    assert order(read("dateTime", "2024-05-06"), read("dateTime", "2024-05-06T10:00:00Z")) is None
    assert order(read("dateTime", "2024-05-07"), read("dateTime", "2024-05-06T10:00:00Z")) == 1
    assert order(read("time", "10:00:00"), day) is None


def test_a_reference_is_the_same_whatever_it_is_called():
    one, other = ({"reference": "Patient/1", "display": name} for name in ("Ana", "Lee"))
    assert equal(read("Reference", one), read("Reference", other))
    assert not equal(read("Reference", one), read("Reference", {"reference": "Patient/2", "display": "Ana"}))
    assert read("Reference", {"display": "Ana"}) is not None
    assert read("Reference", {"identifier": {"value": "1"}}) is not None
