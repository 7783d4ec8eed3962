"""What an instrument refuses to be for this patient, with the reason, and whether anything asked about suicide.

For the clinician's pages alone: to the desk an instrument's name would tell what care is sought (42 CFR 2.13(c)).
Adults only and published words only are policies of ours (`screening.instruments.base`); neither they nor the sentences
here were signed off by a clinician. `docs/adr/0015-words-of-instruments.md` says why a language refuses the wording and
an age the whole instrument.
"""

from collections.abc import Iterable, Iterator

from django.utils.translation import get_language_info

from intake import engine
from intake.models import Packet, Response, Step
from intake.selectors import definition_of
from intake.selectors.languages import foreign
from intake.services import choosing
from screening import instruments

NOT_A_QUESTION = "This packet holds no question about suicide. Nothing here says that there is no risk: ask."
NOT_REACHED = (
    "The questions about suicide of this packet were not put to the patient. Nothing here says that there is no risk: "
    "ask."
)


def refused(packet: Packet) -> tuple[tuple[str, str], ...]:
    """(instrument, why) for each that the patient's age, a missing right or the packet's language refuses."""
    return (*choosing.refused(packet), *_without_right(packet), *_left_out(packet), *_without_words(packet))


def _without_right(packet: Packet) -> Iterator[tuple[str, str]]:
    there = set(packet.steps.values_list("slug", flat=True))
    for slug in choosing.wanted(packet) & choosing.unconfirmed(packet.clinic_id) - there:
        yield instruments.get(slug).name, "Its owner sets terms, and the clinic has not confirmed its right to use it."


def _left_out(packet: Packet) -> Iterator[tuple[str, str]]:
    """The language of the invitation decides: the steps were chosen then, and the patient may read another one now."""
    language = packet.history.order_by("history_id").values_list("language", flat=True)[0]
    there = set(packet.steps.values_list("slug", flat=True))
    wanted = _named(language)
    for slug in sorted(choosing.left_out_for_words(packet, language) - choosing.unconfirmed(packet.clinic_id) - there):
        behind = instruments.behind(slug)
        assert behind is not None
        yield (
            f"{behind.name} in {wanted}",
            f"No published {wanted} wording was verified, and no rule of the clinic asks it with an interpreter. Where "
            f"it matters, ask these questions yourself, with one.",
        )


def _without_words(packet: Packet) -> Iterator[tuple[str, str]]:
    """Asked in the published words only, never in words of our own: nothing is known of another wording's scores."""
    for step, definition in _asked(packet):
        behind, spoken = instruments.behind(step.slug), foreign(definition, packet.language)
        if behind and spoken:
            wanted, has = _named(packet.language), _named(spoken)
            yield (
                f"{behind.name} in {wanted}",
                f"No published {wanted} wording was verified, so it stands there in {has}, and an interpreter was "
                f"offered. An answer given without one, and its score, may not mean what they say: go through them "
                f"with the patient.",
            )


def unasked_about_suicide(packet: Packet) -> str:
    """What to tell a clinician where nothing asked about suicide in words the patient reads; "" where something did.

    A question that an answer has to bring up first counts once it was put. Asked, and not answered yet or declined, is
    shown where the answers are.
    """
    language, apart = packet.language, []
    answers = dict(Response.objects.filter(packet=packet).values_list("step_id", "answers"))
    there = False
    for step, definition in _asked(packet):
        about = {item.link_id for item in definition.all_items} & instruments.ABOUT_SUICIDE
        there = there or bool(about)
        if not _is_put(definition, answers.get(step.id, []), about):
            continue
        if not (spoken := foreign(definition, language)):
            return ""
        apart.append(_named(spoken))
    if apart:
        return (
            f"The patient reads {_named(language)}, and was asked about suicide in {apart[0]} only. Ask again, "
            f"with an interpreter."
        )
    return NOT_REACHED if there else NOT_A_QUESTION


def _is_put(definition: engine.Definition, items: object, about: Iterable[str]) -> bool:
    """Whether one of these questions is on a page of the form, as it is answered now."""
    nodes = engine.fields(definition, items or [], language=definition.language)
    return not set(about).isdisjoint(_shown(nodes))


def _shown(nodes: Iterable[engine.FieldNode]) -> Iterator[str]:
    for node in nodes:
        yield node.item.link_id
        yield from _shown(node.children)


def _asked(packet: Packet) -> Iterator[tuple[Step, engine.Definition]]:
    for step in packet.steps.filter(form__isnull=False).exclude(state=Step.State.SKIPPED):
        assert step.form_id is not None
        yield step, definition_of(step.form_id)


def _named(code: str) -> str:
    """In English, for staff."""
    return str(get_language_info(code)["name"])
