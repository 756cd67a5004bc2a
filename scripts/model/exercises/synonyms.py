"""Synonyms for the words of train questions, so that no question is recognised by one word alone."""

import random
import re

SYNONYMS = {
    "adds up": "sums up|totals",
    "biggest": "largest|greatest|maximum",
    "builds": "makes|creates|constructs",
    "calculate": "compute|work out|find",
    "calculates": "computes|works out|finds",
    "check": "test|verify|find out",
    "checks": "tests|verifies|finds out",
    "compute": "calculate|work out|get",
    "computes": "calculates|works out|gets",
    "contains": "has|includes",
    "converts": "changes|turns",
    "creates": "makes|builds",
    "deletes": "removes|drops",
    "determines": "finds out|decides|tells",
    "dict": "dictionary|mapping",
    "dictionary": "dict|mapping",
    "elements": "items|entries|values",
    "every": "each|any|every single",
    "find": "get|look up|determine",
    "finds": "gets|looks up|determines",
    "given": "certain|particular",
    "in a list": "of a list|from a list|within a list",
    "integer": "number|whole number|int",
    "integers": "numbers|whole numbers|ints",
    "item": "element|entry|value",
    "items": "elements|entries|values",
    "largest": "biggest|greatest|maximum",
    "letter": "character",
    "letters": "characters",
    "list": "array|Python list|given list",
    "lists": "arrays|Python lists",
    "makes": "builds|creates|produces",
    "number": "integer|given number|value",
    "numbers": "integers|values|ints",
    "occurs": "appears|shows up",
    "occur": "appear|show up",
    "removes": "deletes|drops|gets rid of|takes out",
    "remove": "delete|drop|get rid of|take out",
    "return": "give|give back|get",
    "returns": "gives|gives back|gets|outputs",
    "sentence": "text|string|line of text",
    "smaller": "lower|less",
    "string": "text|given string|str",
    "strings": "texts|Python strings",
    "takes": "picks|gets",
    "text": "string|piece of text",
    "tests": "checks|determines",
    "turns": "changes|transforms",
    "value": "element|item",
    "values": "elements|items",
    "whether": "if",
    "word": "string|given word",
    "words": "strings|terms",
}
_ANY = "|".join(sorted(SYNONYMS, key=len, reverse=True))
WORDS = re.compile(rf"(?:\b([Aa])n? )?(?<![$\w\"'])({_ANY})(?![\w\"'])")


def reworded(text: str, rng: random.Random, share: float = 0.15) -> str:
    """Return `text` with about this share of the words that have synonyms replaced; placeholders stay."""

    def other(match: re.Match[str]) -> str:
        if rng.random() >= share:
            return match.group()
        word = rng.choice(SYNONYMS[match[2]].split("|"))
        article = {None: "", "a": "a ", "A": "A "}[match[1]]
        return article.replace(" ", "n ") + word if word[0] in "aeiou" else article + word

    return WORDS.sub(other, text)
