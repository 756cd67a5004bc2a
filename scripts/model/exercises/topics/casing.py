"""Upper and lower case, and the length of a string."""

from exercises.declare import TEXT, exercise

CAPITALIZE_WORDS = exercise(
    "capitalize_words",
    f="capitalize_words title_case capitalize_each capitalise_words to_title",
    s=TEXT,
    does="""
        capitalizes each word of a string
        capitalizes the first letter of every word
        makes the first letter of each word uppercase
        turns a string into title case
        capitalises every word in a sentence
        converts $s to title case
        returns a sentence with all words capitalized
        starts every word of a text with a capital letter
        uppercases the first character of all words
    """,
    about="""
        capitalizing each word
        title case
    """,
    held_out="""
        How do I make every word in a sentence start with a capital letter?
        My titles are all lower case and I want each word capitalized.
        Title case for a string, how?
    """,
    solutions=[
        """
        def $f($s):
            return " ".join(word.capitalize() for word in $s.split())
        """,
        """
        def $f($s):
            result = []
            for word in $s.split():
                result.append(word[0].upper() + word[1:])
            return " ".join(result)
        """,
        """
        def $f($s):
            return $s.title()
        """,
    ],
    cases="""
        "hello world" -> "Hello World"
        "" -> ""
        "the quick brown fox" -> "The Quick Brown Fox"
        "a" -> "A"
    """,
)

SWAP_CASE = exercise(
    "swap_case",
    f="swap_case invert_case flip_case toggle_case switch_case",
    s=TEXT,
    does="""
        swaps the case of each letter in a string
        swaps upper and lower case
        makes uppercase letters lowercase and lowercase letters uppercase
        inverts the case of a string
        toggles the case of every letter in $s
        flips upper case to lower case and the other way round
        exchanges small and capital letters
        changes every upper case letter to lower case and vice versa
    """,
    about="""
        swapping the case of a string
        inverted upper and lower case
    """,
    held_out="""
        How do I turn upper case into lower case and vice versa in one string?
        Toggle every letter's case, "aB" becomes "Ab".
        I typed with caps lock on, invert the case of my text.
    """,
    solutions=[
        """
        def $f($s):
            return $s.swapcase()
        """,
        """
        def $f($s):
            result = ""
            for c in $s:
                result += c.lower() if c.isupper() else c.upper()
            return result
        """,
        """
        def $f($s):
            return "".join(c.lower() if c.isupper() else c.upper() for c in $s)
        """,
    ],
    cases="""
        "aB" -> "Ab"
        "" -> ""
        "Hello World 1" -> "hELLO wORLD 1"
    """,
)

TRUNCATE = exercise(
    "truncate",
    f="truncate shorten cut_text limit_length clip_text",
    s=TEXT,
    constants={"n": "5 8 10 12 20"},
    does="""
        cuts a string to $n characters
        truncates a string to at most $n characters
        shortens $s to $n characters
        returns the first $n characters of a string
        keeps only the first $n characters of a string
        limits a string to a length of $n
        makes sure that a string has no more than $n characters
        drops everything after the first $n characters of a text
    """,
    about="""
        the first $n characters of a string
        cutting a string to $n characters
    """,
    held_out="""
        My text is too long, cut it down to $n characters.
        How can I get just the first $n characters of some string?
        A string should never be longer than $n characters, truncate the rest.
    """,
    solutions=[
        """
        def $f($s):
            return $s[:$n]
        """,
        """
        def $f($s):
            result = ""
            for c in $s:
                if len(result) < $n:
                    result += c
            return result
        """,
        """
        def $f($s):
            if len($s) <= $n:
                return $s
            return $s[0:$n]
        """,
    ],
    cases="""
        "ab" * $n -> ("ab" * $n)[:$n]
        "abc" -> "abc"
        "" -> ""
        "x" * $n + "y" -> "x" * $n
    """,
)
