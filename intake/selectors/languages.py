"""Which words a form lacks in a language."""

from intake import engine


def foreign(definition: engine.Definition, language: str) -> str:
    """The form's own language, where it has no words in the one asked for; "" where it has."""
    own = definition.language.partition("-")[0]
    spoken = own == language or all(item.words.speaks(language) for item in definition.all_items)
    return "" if spoken else own
