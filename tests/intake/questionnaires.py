"""Short ways to write Questionnaires and QuestionnaireResponses in tests, and strategies that make any of them."""

from hypothesis import strategies as st

CODES = "http://example.org/c"
CANDOR = "https://candor.health/fhir/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"


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


# --- Strategies: small forms with conditions between any of their items, and responses to them

_VALUES = {
    "boolean": st.booleans().map(lambda value: {"valueBoolean": value}),
    "integer": st.integers(-3, 3).map(lambda value: {"valueInteger": value}),
    "string": st.sampled_from(["a", "b", " ", "c\n"]).map(lambda value: {"valueString": value}),
    "choice": st.sampled_from(["A", "B"]).map(coding),
    "date": st.sampled_from(["1990", "1990-03", "1990-03-15"]).map(lambda value: {"valueDate": value}),
}
_ANSWERS = {
    "boolean": st.booleans().map(lambda value: {"answerBoolean": value}),
    "integer": st.integers(-3, 3).map(lambda value: {"answerInteger": value}),
    "string": st.sampled_from(["a", "b"]).map(lambda value: {"answerString": value}),
    "choice": st.sampled_from(["A", "B"]).map(lambda code: {"answerCoding": {"system": CODES, "code": code}}),
    "date": st.just({"answerDate": "1990-03-15"}),
}
_OPERATORS = {
    "boolean": ["=", "!="],
    "choice": ["=", "!="],
    "integer": ["=", "!=", ">", "<", ">=", "<="],
    "date": ["=", ">", "<"],
    "string": ["=", "!="],
}


@st.composite
def forms(draw, *, circles=False):
    """A form of a few items in a few groups; conditions look backwards only, or anywhere (`circles`)."""
    types = draw(st.lists(st.sampled_from([*_VALUES, "group", "group"]), min_size=2, max_size=9))
    top, stack, questions = [], [], []
    all_questions = [(f"q{i}", type_) for i, type_ in enumerate(types) if type_ != "group"]
    for i, type_ in enumerate(types):
        found = {"linkId": f"q{i}", "type": type_, "required": draw(st.booleans())}
        if draw(st.booleans()):
            found["repeats"] = True
        if type_ == "choice":
            found["answerOption"] = [option("A"), option("B")]
        sources = all_questions if circles else questions
        if sources and draw(st.booleans()):
            conditions = draw(st.lists(st.sampled_from(sources), min_size=1, max_size=2))
            found["enableWhen"] = [draw(_conditions(*source)) for source in conditions]
            found["enableBehavior"] = draw(st.sampled_from(["all", "any"]))
        above = draw(st.sampled_from([None, *stack])) if stack else None
        (top if above is None else above.setdefault("item", [])).append(found)
        if type_ == "group":
            stack.append(found)
        else:
            questions.append((f"q{i}", type_))
    return form(*top)


@st.composite
def _conditions(draw, link_id, type_):
    operator = draw(st.sampled_from([*_OPERATORS[type_], "exists"]))
    value = {"answerBoolean": draw(st.booleans())} if operator == "exists" else draw(_ANSWERS[type_])
    return when(link_id, operator, **value)


@st.composite
def responses(draw, resource):
    """Response items to the form: some answered, repeating groups with up to three instances."""
    return draw(_response_items(resource.get("item", [])))


@st.composite
def _response_items(draw, items):
    found = []
    for each in items:
        if each["type"] == "group":
            times = draw(st.integers(0, 3)) if each.get("repeats") else draw(st.integers(0, 1))
            found += [
                {"linkId": each["linkId"], "item": draw(_response_items(each.get("item", [])))} for _ in range(times)
            ]
        elif draw(st.booleans()):
            values = draw(st.lists(_VALUES[each["type"]], min_size=1, max_size=3 if each.get("repeats") else 1))
            found.append({"linkId": each["linkId"], "answer": values})
    return found


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated(draw, resource):
    """The JSON with a few of its parts replaced by anything, taken away or put somewhere else."""
    found = _copy(resource)
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(found))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        action = draw(st.sampled_from(["replace", "remove", "move"]))
        if action == "remove":
            del holder[key]
        elif action == "replace":
            holder[key] = draw(any_json)
        else:
            other, there = draw(st.sampled_from(places))
            holder[key] = _copy(other[there])
    return found


def _copy(raw):
    if isinstance(raw, dict):
        return {key: _copy(part) for key, part in raw.items()}
    return [_copy(part) for part in raw] if isinstance(raw, list) else raw


def _places(raw):
    pairs = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, part in pairs:
        yield raw, key
        yield from _places(part)
