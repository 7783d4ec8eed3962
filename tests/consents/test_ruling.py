"""Which documents a packet carries: by the clinic's rules or the default ones, by age, program, and what stands."""

from datetime import date, timedelta

import pytest
from consent_screen import TEST, edition
from owner import as_owner
from personas import signed_in, staff

import consents.services
from audit.models import Event
from consents.models import ConsentRule, Document, DocumentVersion, Signature
from consents.services import documents_due, save_rule
from consents.services.ruling import _after
from core import clock
from core.models import Patient, Program
from core.permissions import Role

RULES = "/admin/consents/consentrule/"
ALL = ["privacy-notice", "records-notice", "treatment", "share-permission"]
TREATMENT, SHARING = "treatment", "share-permission"


@pytest.fixture
def clinic(published):
    """Without the page about signing on a screen, which has tests of its own."""
    DocumentVersion.objects.filter(document__slug="esign", state="effective").update(
        state="retired", retired_at=clock.now()
    )
    return published


def due(world, **changed):
    return documents_due(patient=world.patient, program=world.program, **changed)


def slugs(world, **changed):
    return [one.slug for one in due(world, **changed)]


def rule(world, slug, **given):
    document = Document.objects.get(clinic=world.clinic, slug=slug)
    return save_rule(rule=ConsentRule(document=document, **given), by=world.compliance)


def only(world, slug, **given):
    """This rule alone: the default ones that come with a clinic's first are switched off."""
    made = rule(world, slug, **given)
    ConsentRule.objects.exclude(pk=made.pk).update(is_active=False)
    return made


def aged(world, years):
    born = clock.now().date() - timedelta(days=int(365.25 * years) + 100)
    world.patient.birth_date = born.isoformat()
    world.patient.save()


def ago(signature, **span):
    """As if it had been signed then: the owner alone can change the past."""
    with as_owner(autocommit=True) as owner:
        owner.execute("ALTER TABLE consents_signature DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE consents_signature SET signed_at = %s WHERE id = %s",
            [clock.now() - timedelta(**span), signature.pk],
        )
        owner.execute("ALTER TABLE consents_signature ENABLE TRIGGER USER")


def test_a_clinic_without_rules_asks_the_default_documents(clinic):
    assert [(one.slug, one.must, one.signer) for one in due(clinic)] == [
        ("privacy-notice", "ack", "self"),
        ("records-notice", "shown", "self"),
        ("treatment", "sign", "self"),
        ("share-permission", "decide", "self"),
    ]


@pytest.mark.parametrize(
    ("status", "is_given"), [("part2", True), ("mixed", True), ("undetermined", True), ("not_part2", False)]
)
def test_a_program_that_part_2_may_cover_gives_its_notice(clinic, status, is_given):
    """42 CFR 2.22. By the default rules, and by the same ones once the clinic has rules of its own."""
    clinic.program.part2_status = status
    clinic.program.save()
    assert ("records-notice" in slugs(clinic)) is is_given
    rule(clinic, TREATMENT)
    assert ("records-notice" in slugs(clinic)) is is_given
    rule(clinic, "records-notice", must="shown", program=clinic.program)
    assert "records-notice" in slugs(clinic), "this program's own rule is the clinic's to make"


def test_rules_that_a_clinic_has_already_stay_as_they_are(clinic):
    only(clinic, TREATMENT)
    assert slugs(clinic, visit="video") == [TREATMENT]


def test_the_notice_is_shown_once_and_each_new_version_again(clinic):
    assert "records-notice" not in slugs(clinic, shown={"records-notice": clock.now()})
    seen = clock.now()
    newer = edition("records-notice", "9.0")
    consents.services.publish(clinic=clinic.clinic, source=newer, actor=TEST)
    assert "records-notice" in slugs(clinic, shown={"records-notice": seen})


@pytest.mark.parametrize("visit", ["in_person", "video", "phone", "not_said"])
def test_only_a_visit_by_video_asks_about_video(clinic, visit):
    assert ("video-visits" in slugs(clinic, visit=visit)) is (visit == "video")
    rule(clinic, TREATMENT, visit="phone")
    asked = slugs(clinic, visit=visit)
    assert ("video-visits" in asked) is (visit == "video"), "the default rules came with the clinic's first"
    assert (TREATMENT in asked) is (visit == "phone")


def test_what_was_signed_and_stands_is_left_out_of_the_next_packet(clinic, screen):
    screen.decide(TREATMENT)
    assert slugs(clinic) == ["privacy-notice", "records-notice", SHARING]


@pytest.mark.parametrize("slug", [TREATMENT, SHARING])
def test_what_was_declined_or_revoked_is_asked_again(clinic, screen, slug):
    screen.decide(slug, "declined")
    assert slug in slugs(clinic)
    signature = screen.another_packet().decide(slug)
    assert slug not in slugs(clinic)
    consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST)
    assert slug in slugs(clinic)


def test_a_new_version_is_asked_again_unless_the_rule_says_otherwise(clinic, screen):
    screen.decide(TREATMENT)
    consents.services.publish(clinic=clinic.clinic, source=edition(TREATMENT, "9.0"), actor=TEST)
    assert TREATMENT in slugs(clinic)
    only(clinic, TREATMENT, on_new_version=False)
    assert slugs(clinic) == []


@pytest.mark.django_db(transaction=True)
def test_it_is_asked_again_after_so_many_months_and_not_a_day_before(clinic, screen):
    only(clinic, TREATMENT, every_months=12)
    signature = screen.decide(TREATMENT)
    ago(signature, days=350)
    assert slugs(clinic) == []
    ago(signature, days=367)
    assert slugs(clinic) == [TREATMENT]


def test_zero_months_is_every_packet(clinic, screen):
    only(clinic, TREATMENT, every_months=0)
    screen.decide(TREATMENT)
    assert slugs(clinic) == [TREATMENT]


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_are_counted_on_the_calendar(day, months, then):
    assert _after(day, months) == then


def test_each_age_has_its_own_signers(clinic):
    only(clinic, SHARING, must="decide", signer="both", max_age=15)
    rule(clinic, SHARING, must="decide", signer="minor_alone", min_age=16, max_age=17)
    rule(clinic, SHARING, must="decide", min_age=18)
    for years, signer in ((14, "both"), (16, "minor_alone"), (30, "self")):
        aged(clinic, years)
        assert [one.signer for one in due(clinic)] == [signer]


def test_a_programs_own_rule_replaces_the_general_one_of_that_document(clinic):
    elsewhere = Program.objects.create(clinic=clinic.clinic, name="Two", public_name="Two", legal_name="Two")
    only(clinic, TREATMENT, must="sign")
    rule(clinic, TREATMENT, must="decide", program=clinic.program)
    assert [one.must for one in due(clinic)] == ["decide"]
    assert [one.must for one in documents_due(patient=clinic.patient, program=elsewhere)] == ["sign"]


def test_another_clinics_rules_and_signatures_are_not_ours(clinic, screen):
    consents.services.install_documents(clinic=clinic.other_clinic, actor=TEST)
    document = Document.objects.get(clinic=clinic.other_clinic, slug=TREATMENT)
    save_rule(rule=ConsentRule(document=document, every_months=0), by=clinic.compliance)
    assert slugs(clinic) == ALL


def test_both_have_to_have_signed(clinic, screen):
    only(clinic, TREATMENT, signer="both")
    screen.decide(TREATMENT, jointly=True)
    assert slugs(clinic) == [TREATMENT]
    screen.decide(TREATMENT, capacity="parent", authority="I am her mother")
    assert slugs(clinic) == []


def test_a_guardians_signature_does_not_count_where_only_the_minor_may_sign(clinic, screen):
    only(clinic, SHARING, signer="minor_alone")
    screen.decide(SHARING, capacity="parent", authority="I am her mother")
    assert slugs(clinic) == [SHARING]
    screen.decide(SHARING)
    assert slugs(clinic) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("capacity", "again"), [("parent", True), ("representative", False)])
def test_what_a_parent_signed_for_a_child_is_asked_again_of_the_adult(clinic, screen, capacity, again):
    aged(clinic, 17.5)
    signature = screen.decide(TREATMENT, capacity=capacity, authority="I am her mother")
    assert TREATMENT not in slugs(clinic)
    ago(signature, days=400)
    aged(clinic, 18.1)
    assert (TREATMENT in slugs(clinic)) is again


def test_what_only_has_to_be_shown_is_shown_once_and_again_when_it_changes(clinic):
    only(clinic, "privacy-notice", must="shown")
    now = clock.now()
    assert [one.must for one in due(clinic)] == ["shown"]
    assert slugs(clinic, shown={"privacy-notice": now}) == []
    assert slugs(clinic, shown={"privacy-notice": now - timedelta(days=1)}) == ["privacy-notice"]


def test_signing_on_a_screen_comes_first_wherever_its_rule_stands(published):
    assert slugs(published) == ["esign", *ALL]
    rule(published, "esign", must="decide", position=900, min_age=0)
    ConsentRule.objects.filter(document__slug="esign", min_age=None).update(is_active=False)
    assert slugs(published)[0] == "esign"


def test_the_first_rule_brings_the_default_ones_and_leaves_evidence(clinic):
    made = rule(clinic, TREATMENT, every_months=12)
    assert {row.document.slug for row in ConsentRule.objects.filter(document__clinic=clinic.clinic)} >= set(ALL)
    assert ConsentRule.objects.filter(document__slug=TREATMENT).count() == 1
    event = Event.objects.get(action="consent.rule_saved")
    assert event.object_id == str(made.pk) and event.actor_id == str(clinic.compliance.id)


def test_a_rule_for_a_text_that_is_not_in_force_waits(clinic):
    DocumentVersion.objects.filter(document__slug=TREATMENT).exclude(state="retired").update(
        state="retired", retired_at=clock.now()
    )
    rule(clinic, TREATMENT)
    assert TREATMENT not in slugs(clinic)


# --- in the admin ---------------------------------------------------------------------------------------


@pytest.fixture
def officer(clinic):
    clinic.compliance.is_staff = True
    clinic.compliance.save()
    return signed_in(clinic.compliance)


def typed(world, slug=TREATMENT, **changed):
    document = Document.objects.get(clinic=world.clinic, slug=slug)
    return {
        "document": document.pk, "must": "sign", "signer": "self", "position": 20, "is_active": "on",
        "on_new_version": "on", "program": "", "min_age": "", "max_age": "", "every_months": "12", **changed,
    }  # fmt: skip


@pytest.mark.parametrize("who", ["front_desk", "clinician", "operator", "stranger_desk", "stranger"])
@pytest.mark.parametrize("page", [RULES, f"{RULES}add/"])
def test_nobody_but_compliance_finds_the_rules(clinic, officer, who, page):
    assert officer.get(page).status_code == 200
    answer = signed_in(getattr(clinic, who)).get(page)
    assert answer.status_code == 404 or answer["Location"].startswith("/admin/login/")


def test_compliance_of_another_clinic_finds_none_of_ours(clinic, officer):
    made = rule(clinic, TREATMENT)
    stranger = signed_in(
        staff(
            clinic.other_clinic,
            Role.COMPLIANCE,
            "c@else.test",
            "Cam",
        )
    )
    stranger_user = clinic.other_clinic.memberships.get(role=Role.COMPLIANCE).user
    stranger_user.is_staff = True
    stranger_user.save()
    assert stranger.get(f"{RULES}{made.pk}/change/").status_code == 404
    assert "treatment" not in stranger.get(RULES).content.decode()
    refused = stranger.post(f"{RULES}add/", typed(clinic))
    assert refused.status_code == 200 and "Select a valid choice" in refused.content.decode()


def test_a_rule_is_made_and_changed_by_the_service_and_never_deleted(clinic, officer):
    before = officer.get(RULES).content.decode()
    assert "goes by the default rules" in before and "Agreement to get care: must be signed" in before
    assert officer.post(f"{RULES}add/", typed(clinic, signer="both", max_age="17")).status_code == 302
    after = officer.get(RULES).content.decode()
    assert "default rules" not in after and ">Agreement to get care</a>" in after
    made = ConsentRule.objects.get(document__slug=TREATMENT)
    assert (made.signer, made.max_age, made.every_months) == ("both", 17, 12)
    assert officer.post(f"{RULES}{made.pk}/change/", typed(clinic, is_active="", every_months="6")).status_code == 302
    made.refresh_from_db()
    assert (made.is_active, made.every_months) == (False, 6)
    assert Event.objects.filter(action="consent.rule_saved").count() == 2
    assert officer.post(f"{RULES}{made.pk}/delete/").status_code == 404


def test_what_does_not_fit_is_refused_in_words(clinic, officer):
    said = {
        "has to be signed or declined": typed(clinic, must="shown"),
        "not in order": typed(clinic, min_age="18", max_age="12"),
        "Paper may always be chosen": typed(clinic, "esign", must="sign"),
    }
    for words, given in said.items():
        assert words in officer.post(f"{RULES}add/", given).content.decode()
    assert not ConsentRule.objects.exists()


def test_the_rows_are_light(clinic, screen, django_assert_max_num_queries):
    screen.decide(TREATMENT)
    patient = Patient.objects.get(pk=clinic.patient.pk)
    with django_assert_max_num_queries(6):
        documents_due(patient=patient, program=clinic.program)
    assert Signature.objects.count() == 1
