"""How many years of school a text asks for: a formula, no judgement. Pure.

English: Flesch-Kincaid grade (Kincaid et al. 1975, Naval Technical Training Command Research Branch Report 8-75).
Spanish: Fernández-Huerta's ease (1959, "Medidas sencillas de lecturabilidad", Consigna 214) with the corrected
constant of words per sentence, read as a grade by Flesch's own table. Both count syllables by rule, so they are a
hint; short items of a list count as sentences and make a text look easier.
"""

import re

from consents.rules.documents import FIELD, TAG

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
SENTENCE = re.compile(r"[.!?:]+(?=\s|$|\*)|\n{2,}|\n(?=[-#])")
ENGLISH_VOWELS = re.compile(r"[aeiouy]+")
# A strong vowel is a syllable, weak ones beside it join it, and an accent on a weak one sets it apart.
SPANISH_NUCLEI = re.compile(r"[iuü]?[aeoáéó][iuüy]?(?![íú])|[iuü]?[aeoáéó]|[íú]|[iuü]+|y(?![a-zñ])")
# Flesch's table: ease from which on a text is this grade's.
GRADES = ((90, 5.0), (80, 6.0), (70, 7.0), (60, 8.5), (50, 11.0), (30, 14.0))
HARDEST = 17.0


def grade(body: str, language: str) -> float:
    """The grade of a document's body, its fields and tags left out; 0 for a text without words."""
    text = TAG.sub("", FIELD.sub("name", body))
    words = WORD.findall(text)
    if not words:
        return 0.0
    sentences = sum(1 for part in SENTENCE.split(text) if WORD.search(part)) or 1
    count = _spanish if language == "es" else _english
    syllables = sum(count(word.lower()) for word in words) / len(words)
    length = len(words) / sentences
    if language == "es":
        ease = 206.84 - 60 * syllables - 1.02 * length
        return next((found for least, found in GRADES if ease >= least), HARDEST)
    return round(max(0.39 * length + 11.8 * syllables - 15.59, 0.0), 1)


def _english(word: str) -> int:
    """Groups of vowels; a silent e at the end is none."""
    found = len(ENGLISH_VOWELS.findall(word))
    if word.endswith("e") and not word.endswith(("le", "ee")) and found > 1:
        found -= 1
    return max(found, 1)


def _spanish(word: str) -> int:
    word = re.sub("gu(?=[eiéí])|qu", "k", word)
    return max(len(SPANISH_NUCLEI.findall(word)), 1)
