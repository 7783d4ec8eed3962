"""The form engine: FHIR R4 Questionnaires, evaluated on the server by pure functions. Standard library only.

`parse` a form once, keep a draft as QuestionnaireResponse items, `merge` what a page posts into it, `evaluate` it, and
draw its `fields`. `lint` says what is wrong with a form; `intake.engine.report` is check_form's view of all of it.
"""

from intake.engine.answers import DECLINED, Occurrence
from intake.engine.definition import (
    CANDOR,
    Compiled,
    Compiler,
    Condition,
    Constraints,
    Definition,
    ExpressionError,
    Item,
    Option,
    Words,
)
from intake.engine.draft import (
    DECLINED_FIELD,
    NEAR_FIELD,
    UNIT_FIELD,
    Merged,
    UnknownPlace,
    add_instance,
    begin,
    merge,
    remove_instance,
    split_field,
)
from intake.engine.findings import DefinitionError, Lint
from intake.engine.lint import lint, parse, wording_hash
from intake.engine.marks import NOBODY, Marks, Screen, keys_below, marked, overlooked
from intake.engine.navigation import (
    FieldNode,
    OptionNode,
    Page,
    Section,
    SectionProgress,
    fields,
    item_at,
    minutes,
    page_at,
    pages,
    progress,
    sections,
)
from intake.engine.turns import Turn, following, preceding, turn_at, turns
from intake.engine.validation import AnswerError, Evaluation, evaluate
from intake.engine.values import Attachment, Coding, Moment, Quantity, Reference, Value

__all__ = [
    "CANDOR",
    "DECLINED",
    "DECLINED_FIELD",
    "NEAR_FIELD",
    "UNIT_FIELD",
    "AnswerError",
    "Attachment",
    "Coding",
    "Compiled",
    "Compiler",
    "Condition",
    "Constraints",
    "Definition",
    "DefinitionError",
    "Evaluation",
    "ExpressionError",
    "FieldNode",
    "Item",
    "Lint",
    "Merged",
    "Moment",
    "Occurrence",
    "Option",
    "OptionNode",
    "Page",
    "Quantity",
    "Reference",
    "Section",
    "SectionProgress",
    "Turn",
    "UnknownPlace",
    "Value",
    "Words",
    "add_instance",
    "begin",
    "evaluate",
    "fields",
    "following",
    "item_at",
    "lint",
    "merge",
    "minutes",
    "page_at",
    "pages",
    "parse",
    "preceding",
    "progress",
    "remove_instance",
    "sections",
    "turn_at",
    "turns",
    "wording_hash",
    "NOBODY",
    "Marks",
    "Screen",
    "keys_below",
    "marked",
    "overlooked",
    "split_field",
]
