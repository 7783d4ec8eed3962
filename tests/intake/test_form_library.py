"""A packet's forms: by rule, age, interval and right; a clinic's own translation; what is left out is said."""

import json
from datetime import timedelta
from io import StringIO

import packets as given
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from personas import prove

from audit.models import Event
from consents.policy import Kind
from core import clock
from core.models import Program
from intake import checks, selectors
from intake.models import FormRule, FormVersion, InstrumentRight, Packet
from intake.services import choosing, library, packets, rules
from screening import instruments


@pytest.fixture
def published(world):
    given.publish(world)
    return world


def invite(world, **changed):
    return packets.invite(
        **{"patient": world.patient, "program": world.program, "site": world.site, "language": "en",
           "invited_by": world.front_desk, **changed}
    ).packet  # fmt: skip


def forms_of(packet):
    return [step.slug for step in packet.steps.filter(what="form")]


def rule(world, form, **given_rule):
    made = FormRule(clinic=world.clinic, form=form, position=5, **given_rule)
    return rules.save_rule(rule=made, by=world.operator)


def born(world, years_ago):
    world.patient.birth_date = (clock.now().date() - timedelta(days=years_ago * 365.25 + 2)).isoformat()
    world.patient.save()


# Choosing


def test_the_newest_version_of_each_form_is_published_and_used(published):
    packet = invite(published)
    versions = dict(packet.steps.filter(what="form").values_list("slug", "form__version"))
    assert (versions["insurance"], versions["substance-use"]) == ("1.2.0", "1.1.0")
    assert FormVersion.objects.filter(slug="insurance").count() == 1


def test_no_form_says_itself_who_will_see_the_answers_or_that_somebody_is_told(published):
    """The page computes both, from the permissions and the roster: a fixed sentence beside it would contradict it."""
    told = ("care team", "front desk", "is told", "equipo de atención", "recepción", "se avisa")
    for form in FormVersion.objects.all():
        for item in selectors.definition_of(form.id).all_items:
            for words in (item.why_asked, item.help):
                said = f"{words.to('en')} {words.to('es')}"
                assert not [one for one in told if one in said], (form.slug, item.link_id, said)


def test_an_older_version_published_before_is_no_longer_asked(published):
    newest = FormVersion.objects.get(slug="insurance")
    older = {**newest.definition, "version": "1.0.9"}
    FormVersion.objects.create(slug="insurance", version="1.0.9", definition=older, sha256="0" * 64)
    assert choosing.newest_forms(published.clinic.id, ["insurance"])["insurance"] == newest


def test_a_form_that_is_not_published_is_named_to_the_desk_with_what_to_do(world):
    FormRule.objects.create(clinic=world.clinic, form="sleep-diary", position=1)
    with pytest.raises(choosing.FormsMissing, match="sleep-diary is not published. Type: manage.py publish_forms"):
        invite(world)


def test_an_adolescent_is_asked_no_instrument_for_adults(published):
    born(published, 16)
    asked = forms_of(invite(published))
    assert not set(asked) & set(instruments.REGISTRY)
    assert {"demographics", "safety", "substance-use"} <= set(asked)


def test_what_was_sent_lately_is_not_asked_again(published):
    first = invite(published)
    given.complete(first)
    Packet.objects.filter(pk=first.pk).update(state="submitted", submitted_at=clock.now() - timedelta(days=13))
    again = forms_of(invite(published, visit_type="follow_up"))
    assert again == ["safety"]
    Packet.objects.filter(pk=first.pk).update(submitted_at=clock.now() - timedelta(days=16))
    assert forms_of(invite(published, visit_type="follow_up")) == ["medications", "phq-9", "gad-7", "safety"]


def test_answers_that_were_never_sent_do_not_count(published):
    first = invite(published)
    given.complete(first)
    assert "phq-9" in forms_of(invite(published, visit_type="follow_up"))


def test_the_first_rule_of_a_clinic_brings_the_default_ones_with_it(published):
    prove(published.clinic, published.clinician, published.backup, published.supervisor)
    before = forms_of(invite(published))
    rule(published, "c-ssrs-screener")
    assert forms_of(invite(published)) == ["c-ssrs-screener", *before]
    assert FormRule.objects.filter(clinic=published.clinic).count() == 1 + len(choosing.choosing.DEFAULTS)
    rule(published, "pc-ptsd-5")
    assert FormRule.objects.filter(clinic=published.clinic).count() == 2 + len(choosing.choosing.DEFAULTS)


def test_a_rule_that_is_switched_off_is_not_asked_and_each_change_leaves_an_event(published):
    made = rule(published, "pc-ptsd-5")
    made.is_active = False
    rules.save_rule(rule=made, by=published.operator)
    assert "pc-ptsd-5" not in forms_of(invite(published))
    events = Event.objects.filter(action="form.rule_saved", object_id=str(made.pk))
    assert [event.actor_id for event in events] == [str(published.operator.id)] * 2


def test_a_program_has_rules_of_its_own(published):
    other = Program.objects.create(clinic=published.clinic, name="Groups", public_name="Groups", legal_name="X")
    rule(published, "pc-ptsd-5", program=other)
    assert "pc-ptsd-5" in forms_of(invite(published, program=other))
    assert "pc-ptsd-5" not in forms_of(invite(published))


@pytest.mark.parametrize("slug", ["audit-c", "c-ssrs-screener", "pc-ptsd-5", "telehealth-readiness"])
def test_the_other_forms_are_asked_where_a_rule_says_so_and_audit_c_waits_for_the_permission(published, slug):
    rule(published, slug)
    step = invite(published).steps.get(slug=slug)
    assert step.sensitivity == ("sud" if slug == "audit-c" else "none")


def test_the_sharing_permission_stands_before_all_that_it_unlocks(published):
    rule(published, "audit-c")
    steps = list(invite(published).steps.all())
    permission = next(step.position for step in steps if step.consent_kind == Kind.PART2_TPO)
    assert all(step.position > permission for step in steps if step.sensitivity == "sud")


# Rights


def test_without_the_clinics_word_dast_10_and_audit_c_are_left_out(world):
    library.publish_library(actor=given.SEED)
    given.consents.services.install_documents(clinic=world.clinic, actor=given.SEED)
    rule(world, "audit-c")
    asked = forms_of(invite(world))
    assert not {"dast-10", "audit-c"} & set(asked)
    prove(world.clinic, world.clinician, world.backup, world.supervisor)
    rules.confirm_right(clinic=world.clinic, instrument="dast-10", by=world.operator)
    assert "dast-10" in forms_of(invite(world))


def test_a_right_keeps_the_exact_words_and_leaves_one_event_however_often_it_is_confirmed(published):
    for _ in range(2):
        rules.confirm_right(clinic=published.clinic, instrument="dast-10", by=published.operator)
    right = InstrumentRight.objects.get(clinic=published.clinic, instrument="dast-10")
    assert "Dr. Harvey A. Skinner" in right.statement
    assert Event.objects.filter(action="form.right_confirmed", object_id=str(right.pk)).count() == 1


def test_a_check_names_each_clinic_that_has_not_confirmed(published):
    found = checks.unconfirmed_rights(["default"])
    assert {one.id for one in found} == {"intake.W001"}
    assert all("Elsewhere Clinic" in one.msg and "Harbor Clinic" not in one.msg for one in found)
    assert {one.msg.split(" is left")[0] for one in found} == {"The AUDIT-C", "The DAST-10"}
    assert checks.unconfirmed_rights([]) == []


# A clinic's own translation


@pytest.fixture
def words(published):
    """A whole stand-in translation of the GAD-7: marked words, no Spanish of anybody's."""
    definition = FormVersion.objects.get(slug="gad-7").definition
    return {"form": "gad-7", "version": "1.1.0", "language": "es", "title": "t:GAD-7", "items": words_of(definition)}


def words_of(definition):
    items = {}
    waiting = list(definition["item"])
    while waiting:
        item = waiting.pop(0)
        waiting += item.get("item", [])
        items[item["linkId"]] = {"text": f"t:{item['linkId']}"}
        if any("why-asked" in one["url"] for one in item.get("extension", [])):
            items[item["linkId"]]["why"] = "t:why"
        if item.get("answerOption"):
            codes = [one["valueCoding"]["code"] for one in item["answerOption"]]
            items[item["linkId"]]["options"] = {code: f"t:{code}" for code in codes}
    return items


def load(world, words, tmp_path, form="gad-7", **named):
    file = tmp_path / "words.json"
    file.write_text(words if isinstance(words, str) else json.dumps(words))
    named = {"source": "The test publisher, 2026", "reviewer": "Rae Reviewer", **named}
    call_command("load_translation", str(world.clinic.id), form, str(file), stdout=StringIO(), **named)


def test_a_whole_translation_is_used_by_that_clinics_next_packets_only(published, words, tmp_path):
    before = invite(published, language="es")
    prove(published.clinic, published.clinician, published.backup, published.supervisor)
    load(published, words, tmp_path)
    own = FormVersion.objects.get(clinic=published.clinic)
    assert (own.version, own.source, own.reviewer) == ("1.1.0-own.1", "The test publisher, 2026", "Rae Reviewer")
    assert not before.steps.filter(slug="gad-7").exists(), "it had no Spanish words"
    step = invite(published, language="es").steps.get(slug="gad-7")
    assert step.form == own
    definition = choosing.newest_forms(published.other_clinic.id, ["gad-7"])["gad-7"]
    assert definition.clinic is None
    event = Event.objects.get(action="form.published", object_id=str(own.pk))
    assert event.clinic_id == published.clinic.id


def test_a_translation_waits_while_nobody_can_be_reached_where_patients_are_invited(published, words, tmp_path):
    invite(published, language="es")
    with pytest.raises(CommandError, match="Harbor Clinic can't be given this form yet"):
        load(published, words, tmp_path)
    assert not FormVersion.objects.filter(clinic=published.clinic).exists()
    prove(published.clinic, published.clinician, published.backup, published.supervisor)
    load(published, words, tmp_path)


def test_the_words_are_the_patients_and_the_points_stay(published, words, tmp_path):
    load(published, words, tmp_path)
    packet = invite(published, language="es")
    definition = selectors.definition_of(packet.steps.get(slug="gad-7").form_id)
    first = definition.find("gad7-q1")
    assert first.text_in("es") == "t:gad7-q1"
    assert first.text == "Feeling nervous, anxious or on edge"
    assert [(option.label_in("es"), option.ordinal) for option in first.options][1] == ("t:LA6569-3", 1)


def test_our_own_draft_is_replaced_by_the_translators_words(published, tmp_path):
    definition = FormVersion.objects.get(slug="safety").definition
    words = {"form": "safety", "version": "1.0.0", "language": "es", "title": "t", "items": words_of(definition)}
    load(published, words, tmp_path, form="safety")
    again = {**words, "title": "t, corrected"}
    load(published, again, tmp_path, form="safety")
    newest = choosing.newest_forms(published.clinic.id, ["safety"])["safety"]
    assert newest.version == "1.0.0-own.2"
    said = json.dumps(newest.definition, ensure_ascii=False)
    assert "pensamientos" not in said and "t, corrected" in said


def test_a_newer_text_of_the_library_is_not_hidden_by_an_older_translation(published, words, tmp_path):
    load(published, words, tmp_path)
    older = FormVersion.objects.get(slug="gad-7", clinic=None)
    newer = {**older.definition, "version": "1.1.1"}
    FormVersion.objects.create(slug="gad-7", version="1.1.1", definition=newer, sha256="1" * 64)
    assert choosing.newest_forms(published.clinic.id, ["gad-7"])["gad-7"].version == "1.1.1"


REFUSED = {
    "not JSON": (lambda w: "{", "not JSON"),
    "a list": (lambda w: "[]", "exactly these members"),
    "no title": (lambda w: {**w, "title": ""}, "title is empty"),
    "another form": (lambda w: {**w, "form": "phq-9"}, "not gad-7"),
    "another version": (lambda w: {**w, "version": "0.9.0"}, "the one in use is 1.1.0"),
    "an unknown language": (lambda w: {**w, "language": "tlh"}, "this language is not one"),
    "an item too few": (lambda w: {**w, "items": {k: v for k, v in w["items"].items() if k != "gad7-q7"}}, "gad7-q7"),
    "an item too many": (lambda w: {**w, "items": {**w["items"], "gad7-q8": {"text": "t"}}}, "has no item 'gad7-q8'"),
    "a blank": (
        lambda w: {**w, "items": {**w["items"], "gad7-q1": {**w["items"]["gad7-q1"], "text": " "}}},
        "no words",
    ),
    "an answer too few": (
        lambda w: {**w, "items": {**w["items"], "gad7-q1": {"text": "t", "options": {"LA6568-5": "t"}}}},
        "exactly these answers",
    ),
    "no reason": (lambda w: {**w, "items": {**w["items"], "gad7-items": {"text": "t"}}}, "needs exactly: text, why"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_translation_that_does_not_fit_is_refused_in_one_line_and_nothing_is_kept(published, words, tmp_path, name):
    spoil, why = REFUSED[name]
    with pytest.raises(CommandError, match=why) as refused:
        load(published, spoil(words), tmp_path)
    assert "\n" not in str(refused.value)
    assert not FormVersion.objects.filter(clinic__isnull=False).exists()


def test_a_translation_without_source_or_reviewer_is_refused_by_the_command_and_by_the_database(
    published, words, tmp_path
):
    for missing in ("source", "reviewer"):
        with pytest.raises(CommandError, match="Name the source"):
            load(published, words, tmp_path, **{missing: " "})
    constraint = "a_clinics_own_form_names_source_and_reviewer"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [constraint])
        assert cursor.fetchone()


def test_the_same_words_twice_and_an_unknown_clinic_are_refused(published, words, tmp_path):
    load(published, words, tmp_path)
    with pytest.raises(CommandError, match="in use already"):
        load(published, words, tmp_path)
    with pytest.raises(CommandError, match="no clinic"):
        call_command("load_translation", str(published.patient.id), "gad-7", "x", source="s", reviewer="r")
    with pytest.raises(CommandError, match="can't be read"):
        call_command("load_translation", str(published.clinic.id), "gad-7", "x/y", source="s", reviewer="r")


@pytest.mark.parametrize(("slug", "option"), [("social-needs", "help-none"), ("telehealth-readiness", "no-device")])
def test_none_of_these_has_no_gender_that_the_question_lacks(slug, option):
    """“¿Con qué…?” and “¿Qué…?” ask for things, not for one feminine noun."""
    (file,) = library.DEFINITIONS.glob(f"{slug}-*.json")
    text = file.read_text()
    assert '"Nada de esto"' in text[text.index(f'"{option}"') :][:900]
