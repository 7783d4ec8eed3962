"""Short ways to write Questionnaires and QuestionnaireResponses in tests, and strategies that make any of them."""

import random

from hypothesis import strategies as st

CODES = "http://example.org/c"
CANDOR = "https://candor.health/fhir/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"


def form(*items, **more):
    return {"resourceType": "Questionnaire", "status": "active", "item": list(items), **more}


def item(link_id, type_="string", *children, **more):
    found = {"linkId": link_id, "type": type_, "text": f"About {link_id}", **more}
    return {**found, "item": list(children)} if children else found


def choice(link_id, *codes, **more):
    return item(link_id, "choice", answerOption=[option(code) for code in codes], **more)


def option(code, **more):
    return {"valueCoding": {"system": CODES, "code": code, "display": code.title()}, **more}


def when(question, operator, **answer):
    return {"question": question, "operator": operator, **answer}


def extension(url, **value):
    return {"url": url if url.startswith("http") else CORE + url, **value}


def candor(name, **value):
    return {"url": CANDOR + name, **value}


def spanish(text):
    part = [{"url": "lang", "valueCode": "es"}, {"url": "content", "valueString": text}]
    return {"extension": [{"url": f"{CORE}translation", "extension": part}]}


def answer(link_id, *values, **more):
    return {"linkId": link_id, "answer": list(values), **more}


def group(link_id, *items):
    return {"linkId": link_id, "item": list(items)}


def response(*items):
    return {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": list(items)}


def coding(code):
    return {"valueCoding": {"system": CODES, "code": code, "display": code.title()}}


def expression(url, text, **more):
    return {"url": url, "valueExpression": {**more, "language": "text/fhirpath", "expression": text}}


def calculated(text):
    return expression(f"{SDC}calculatedExpression", text)


def enabled_when(text):
    return expression(f"{SDC}enableWhenExpression", text)


def initial(text):
    return expression(f"{SDC}initialExpression", text)


def variable(name, text):
    return expression(f"{CORE}variable", text, name=name)


def of(link_id):
    return f"%resource.item.where(linkId='{link_id}').answer.value"


SUM = f"{of('a')} + {of('b')}"


def total(link_id="t", text=SUM, type_="integer", **more):
    return item(link_id, type_, readOnly=True, extension=[calculated(text)], **more)


# --- Any form and any response. Hypothesis draws a size and a seed and the rest is made from them: cheap enough for
# thousands of examples; a failure shrinks to a small size and names its seed.

SEEDS = st.integers(0, 2**40)
_VALUES = {
    "boolean": [{"valueBoolean": True}, {"valueBoolean": False}],
    "integer": [{"valueInteger": number} for number in range(-2, 3)],
    "string": [{"valueString": text} for text in ("a", "b", " ", "c\n")],
    "choice": [coding("A"), coding("B")],
    "date": [{"valueDate": text} for text in ("1990", "1990-03", "1990-03-15", "1991-01-01")],
}
_OPERATORS = {
    "boolean": ["=", "!="],
    "choice": ["=", "!="],
    "integer": ["=", "!=", ">", "<", ">=", "<="],
    "date": ["=", ">", "<"],
    "string": ["=", "!="],
}


def forms(*, circles=False):
    """Forms of a few items in a few groups; conditions look backwards only, or anywhere (`circles`)."""
    return st.builds(any_form, st.integers(2, 9), SEEDS, st.just(circles))


def responses(resource):
    """Response items to the form: some answered, repeating groups with up to three instances."""
    return SEEDS.map(lambda seed: any_response(resource, seed))


def any_form(size, seed, circles=False):
    chance = random.Random(seed)
    types = chance.choices([*_VALUES, "group", "group"], k=size)
    top, groups, questions = [], [], []
    everywhere = [(f"q{i}", type_) for i, type_ in enumerate(types) if type_ != "group"]
    for i, type_ in enumerate(types):
        found = {"linkId": f"q{i}", "type": type_, "required": chance.random() < 0.5}
        if chance.random() < 0.3:
            found["repeats"] = True
        if type_ == "choice":
            found["answerOption"] = [option("A"), option("B")]
        sources = everywhere if circles else questions
        if sources and chance.random() < 0.6:
            picked = chance.choices(sources, k=chance.randint(1, 2))
            found["enableWhen"] = [_condition(*source, chance) for source in picked]
            found["enableBehavior"] = chance.choice(["all", "any"])
        above = chance.choice([None, *groups])
        (top if above is None else above.setdefault("item", [])).append(found)
        (groups if type_ == "group" else questions).append(found if type_ == "group" else (f"q{i}", type_))
    return form(*top)


def _condition(link_id, type_, chance):
    operator = chance.choice([*_OPERATORS[type_], "exists"])
    if operator == "exists":
        return when(link_id, operator, answerBoolean=chance.random() < 0.7)
    (name, value), *_ = chance.choice(_VALUES[type_]).items()
    return when(link_id, operator, **{name.replace("value", "answer"): value if value != " " else "a"})


def any_response(resource, seed):
    return _answers_to(resource.get("item", []), random.Random(seed))


def _answers_to(items, chance):
    found = []
    for each in items:
        times = chance.choice([0, 1, 1, 2, 3]) if each.get("repeats") else chance.choice([0, 1, 1])
        if each["type"] == "group":
            inside = each.get("item", [])
            found += [{"linkId": each["linkId"], "item": _answers_to(inside, chance)} for _ in range(times)]
        elif times:
            values = chance.choices(_VALUES[each["type"]], k=times)
            found.append({"linkId": each["linkId"], "answer": [dict(value) for value in values]})
    return found


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


_PLACES = ("item", "answer", "enableWhen", "answerOption", "extension", "initial", "code", "contained", "concept")
_SCRAPS = (
    [None, True, 0, -1, 1.5, 10**400, float("nan"), "", " ", "\0", "\ud800", "é" * 99, [], {}, [[]], [{}], {"": {}}]
    + ["group", "display", "choice", "quantity", "=", "!=", "exists", "all", "2024-02-30", "q1", "#v", "reference"]
    + [{"linkId": "q1", "type": "group"}, {"question": "q1", "operator": "="}, {"valueInteger": 1}, {"url": ["x"]}]
)


def mutated(resource, chance):
    """The JSON with one to four of its nodes taken away, doubled, exchanged, given another type or another name."""
    found = copied(resource)
    for _ in range(chance.randint(1, 4)):
        nodes = list(_nodes(found))
        if nodes:
            _mutate(*chance.choice(nodes), *chance.choice(nodes), chance)
    return found


def _mutate(holder, key, other, there, chance):
    action = chance.choice(["remove", "double", "swap", "move", "retype", "retype", "rename", "nest"])
    if action == "remove":
        del holder[key]
    elif action == "double" and isinstance(holder, list):
        holder.insert(key, copied(holder[key]))
    elif action == "rename" and isinstance(holder, dict):
        holder[chance.choice([*_PLACES, str(there)])] = holder.pop(key)
    elif action == "swap":
        holder[key], other[there] = copied(other[there]), copied(holder[key])
    elif action == "move":
        holder[key] = copied(other[there])
    else:
        holder[key] = [copied(holder[key])] if action == "nest" else copied(chance.choice(_SCRAPS))


def copied(raw):
    if isinstance(raw, dict):
        return {key: copied(part) for key, part in raw.items()}
    return [copied(part) for part in raw] if isinstance(raw, list) else raw


def _nodes(raw):
    waiting = [raw]
    while waiting:
        here = waiting.pop()
        pairs = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, part in pairs:
            yield here, key
            waiting.append(part)
