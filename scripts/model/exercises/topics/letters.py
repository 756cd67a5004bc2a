"""Characters removed from a string, or asked about."""

from exercises.declare import TEXT, exercise

REMOVE_VOWELS = exercise(
    "remove_vowels",
    f="remove_vowels strip_vowels without_vowels drop_vowels delete_vowels",
    s=TEXT,
    does="""
        removes all vowels from a string
        removes the vowels from $s
        returns a string without its vowels
        deletes every vowel in a text
        strips the vowels out of a word
        drops all vowels from a string
        leaves out the vowels of a string
        takes the vowels out of a text
    """,
    about="""
        removing vowels from a string
        a string without vowels
    """,
    held_out="""
        How would a text look with all its vowels taken out?
        I want to get rid of the vowels in a string.
        Leave out a, e, i, o and u from a word, that is, remove vowels.
    """,
    solutions=[
        """
        def $f($s):
            return "".join(c for c in $s if c not in "aeiouAEIOU")
        """,
        """
        def $f($s):
            result = ""
            for c in $s:
                if c.lower() not in "aeiou":
                    result += c
            return result
        """,
        """
        def $f($s):
            for vowel in "aeiouAEIOU":
                $s = $s.replace(vowel, "")
            return $s
        """,
    ],
    cases="""
        "hello" -> "hll"
        "AEIOU" -> ""
        "" -> ""
        "Python is quite Easy" -> "Pythn s qt sy"
    """,
)

REMOVE_SPACES = exercise(
    "remove_spaces",
    f="remove_spaces strip_spaces without_spaces drop_spaces delete_spaces",
    s=TEXT,
    does="""
        removes all spaces from a string
        removes the spaces from $s
        returns a string without spaces
        deletes every space in a text
        strips all spaces out of a string
        drops the blanks between words
    """,
    about="""
        removing spaces from a string
        a string without spaces
    """,
    held_out="""
        How do I get rid of all the spaces in a text?
        My string should not contain any spaces, take them out.
        Delete spaces from user input that is given as a string.
    """,
    solutions=[
        """
        def $f($s):
            return $s.replace(" ", "")
        """,
        """
        def $f($s):
            return "".join(c for c in $s if c != " ")
        """,
        """
        def $f($s):
            result = ""
            for c in $s:
                if c != " ":
                    result += c
            return result
        """,
    ],
    cases="""
        "a b c" -> "abc"
        "" -> ""
        "  hello  world " -> "helloworld"
    """,
    unseen=True,
)

UNIQUE_CHARACTERS = exercise(
    "unique_characters",
    f="all_unique has_unique_chars is_unique no_repeats unique_characters",
    s=TEXT,
    does="""
        checks whether all characters of a string are unique
        checks if a string has no repeated characters
        tests if every letter of $s occurs only once
        returns True if no character occurs twice in a string
        determines whether a word has only unique letters
        tells whether all letters of a word are different
        verifies that no letter is repeated in a word
        finds out if a string has only distinct characters
    """,
    about="""
        checking that all characters of a string are unique
        a check for repeated characters
    """,
    held_out="""
        Does any letter occur twice in a word? True means that all are unique.
        How can I see if all the characters in a string are different?
        An isogram has no repeated letters, test a string for unique characters.
    """,
    solutions=[
        """
        def $f($s):
            return len(set($s)) == len($s)
        """,
        """
        def $f($s):
            seen = set()
            for c in $s:
                if c in seen:
                    return False
                seen.add(c)
            return True
        """,
        """
        def $f($s):
            return all($s.count(c) == 1 for c in $s)
        """,
    ],
    cases="""
        "abc" -> True
        "hello" -> False
        "" -> True
        "abca" -> False
    """,
)
