"""Pages: the fields of the enabled part, their errors and choices, and honest progress."""

from questionnaires import CODES, answer, candor, choice, coding, extension, form, group, item, spanish, when

from intake.engine import add_instance, evaluate, fields, merge, parse, progress, sections

YES = {"answerBoolean": True}
HIDDEN = [extension("questionnaire-hidden", valueBoolean=True)]
SENSITIVE = [candor("sensitivity", valueCode="sensitive")]
HELP = [extension("questionnaire-itemControl", valueCodeableConcept={"coding": [{"code": "help"}]})]


def drawn(resource, items=(), **how):
    return fields(parse(resource), list(items), **how)


def test_a_page_shows_the_enabled_and_visible_part_as_a_tree():
    resource = form(
        item("g", "group", item("t", "display"), item("a", "boolean"), item("b", enableWhen=[when("a", "=", **YES)])),
        item("h", extension=HIDDEN),
        item("x", enableWhen=[when("a", "=", **YES)]),
    )
    (node,) = drawn(resource)
    assert [child.key for child in node.children] == ["t", "a"]
    shown = drawn(resource, [group("g", answer("a", {"valueBoolean": True}))])
    assert [child.key for child in shown[0].children] == ["t", "a", "b"]
    assert [each.key for each in shown] == ["g", "x"]


def test_a_question_comes_with_its_words_in_the_patients_language():
    asked = item(
        "a",
        "date",
        item("a-help", "display", extension=HELP, text="Any date", _text=spanish("Una fecha")),
        _text=spanish("Fecha"),
        extension=[
            candor("why-asked", valueString="To help.", _valueString=spanish("Para ayudar.")),
            extension("entryFormat", valueString="MM/DD/YYYY"),
        ],
    )
    (node,) = drawn(form(asked), [answer("a", {"valueDate": "1990-03-15"})], language="es")
    assert (node.label, node.help, node.why, node.placeholder) == ("Fecha", "Una fecha", "Para ayudar.", "MM/DD/YYYY")
    assert (node.values, node.understood, node.children) == (("03/15/1990",), ("15 de marzo de 1990",), ())


def test_options_say_which_are_chosen():
    (node,) = drawn(form(choice("a", "A", "B", repeats=True)), [answer("a", coding("B"))])
    assert [(each.value, each.label, each.is_selected) for each in node.options] == [
        (f"{CODES}|A", "A", False),
        (f"{CODES}|B", "B", True),
    ]
    assert node.values == (f"{CODES}|B",)


def test_what_could_not_be_read_is_shown_as_it_was_typed():
    form_ = parse(form(item("a", "date")))
    merged = merge(form_, [], {"a": ["soon"]})
    (node,) = fields(form_, merged.items, problems=merged.problems)
    assert (node.values, node.error) == (
        ("soon",),
        "We couldn't read that date. Write the month first, then the day: 03/15/1990.",
    )


def test_an_answer_outside_the_limits_is_shown_with_what_is_wrong():
    (node,) = drawn(form(item("a", maxLength=2)), [answer("a", {"valueString": "abc"})], language="es")
    assert (node.values, node.error) == (("abc",), "Es demasiado largo. Escriba menos.")


def test_a_sensitive_question_can_be_declined():
    form_ = parse(form(item("a", extension=SENSITIVE), item("b")))
    first, second = fields(form_, merge(form_, [], {"a!declined": ["declined"]}).items)
    assert (first.can_decline, first.is_declined, second.can_decline) == (True, True, False)


def test_a_repeating_group_offers_one_more_and_each_instance_to_be_removed():
    most = extension("questionnaire-maxOccurs", valueInteger=2)
    form_ = parse(form(item("g", "group", item("a"), repeats=True, extension=[most])))
    (empty,) = fields(form_, [])
    assert (empty.key, empty.children, empty.can_add) == ("g", (), True)
    draft = add_instance(form_, add_instance(form_, [], "g"), "g")
    (full,) = fields(form_, draft)
    assert (full.can_add, full.can_remove) == (False, False)
    assert [(child.key, child.can_remove, child.children[0].key) for child in full.children] == [
        ("g[0]", True, "g[0].a"),
        ("g[1]", True, "g[1].a"),
    ]


def test_a_quantity_shows_its_unit_and_the_units_offered():
    units = [extension("questionnaire-unitOption", valueCoding={"code": "mg", "display": "milligrams"})]
    (one,) = drawn(form(item("a", "quantity", extension=units)))
    assert (one.unit, one.units) == ("mg", (("mg", "milligrams"),))
    units.append(extension("questionnaire-unitOption", valueCoding={"code": "mL"}))
    (two,) = drawn(form(item("a", "quantity", extension=units)))
    assert (two.unit, two.units[1]) == ("", ("mL", "mL"))
    (given,) = drawn(form(item("a", "quantity")), [answer("a", {"valueQuantity": {"value": 2.50, "unit": "tablets"}})])
    assert (given.unit, given.values, given.understood) == ("tablets", ("2.5",), ("2.5 tablets",))
    (fixed,) = drawn(
        form(item("a", "decimal", extension=[extension("questionnaire-unit", valueCoding={"code": "kg"})]))
    )
    assert fixed.unit == "kg"


def test_one_section_is_drawn_alone_with_conditions_from_the_others():
    form_ = parse(
        form(
            item("g", "group", item("a", "boolean")), item("h", "group", item("b", enableWhen=[when("a", "=", **YES)]))
        )
    )
    second = sections(form_)[1]
    draft = [group("g", answer("a", {"valueBoolean": True}))]
    (node,) = fields(form_, draft, section=second)
    assert (node.key, node.children[0].key) == ("h", "b")


def test_progress_counts_what_is_asked_now():
    form_ = parse(
        form(
            item("intro", "display"),
            item(
                "g",
                "group",
                item("a", "boolean", required=True),
                item("b", required=True, enableWhen=[when("a", "=", **YES)]),
            ),
            item("h", "group", item("c", extension=SENSITIVE), item("d", readOnly=True), item("e", extension=HIDDEN)),
            item("i", "group", item("f", required=True), enableWhen=[when("a", "=", **YES)]),
            item("j", "group", item("k", "integer")),
        )
    )

    def counted(items):
        found = progress(form_, evaluate(form_, items))
        return [
            (each.section.id, each.is_enabled, each.questions, each.answered, each.missing, each.errors)
            for each in found
        ]

    assert counted([]) == [
        ("intro", True, 0, 0, 0, 0),
        ("g", True, 1, 0, 1, 0),
        ("h", True, 1, 0, 0, 0),
        ("i", False, 0, 0, 0, 0),
        ("j", True, 1, 0, 0, 0),
    ]
    draft = merge(form_, [], {"a": ["true"], "c!declined": ["declined"]}).items
    draft.append(group("j", answer("k", {"valueString": "x"})))
    assert counted(draft) == [
        ("intro", True, 0, 0, 0, 0),
        ("g", True, 2, 1, 1, 0),
        ("h", True, 1, 1, 0, 0),
        ("i", True, 1, 0, 1, 0),
        ("j", True, 1, 1, 0, 1),
    ]
    done = [each.is_done for each in progress(form_, evaluate(form_, draft))]
    assert done == [True, False, True, False, False]


def test_a_missing_group_counts_for_its_section():
    form_ = parse(form(item("g", "group", item("r", "group", item("a"), repeats=True, required=True))))
    (found,) = progress(form_, evaluate(form_, []))
    assert (found.missing, found.is_done) == (1, False)
