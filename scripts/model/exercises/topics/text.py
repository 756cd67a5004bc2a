"""Texts checked or rewritten."""

from exercises.declare import TEXT, exercise

IS_PANGRAM = exercise(
    "is_pangram",
    f="is_pangram pangram check_pangram uses_all_letters has_all_letters",
    s=TEXT,
    does="""
        checks whether a sentence is a pangram
        checks if a string contains every letter of the alphabet
        tests if $s is a pangram
        returns True if a text uses all letters of the alphabet
        determines whether a sentence is a pangram
        tells whether all 26 letters occur in a text
        finds out if a sentence has every letter from a to z
        verifies that a text contains the whole alphabet
    """,
    about="""
        a pangram check
        checking for pangrams
    """,
    held_out="""
        Is a given sentence a pangram?
        How can I see if a text has every letter from a to z?
        Recognise pangrams, those sentences with all letters of the alphabet.
    """,
    solutions=[
        """
        def $f($s):
            letters = "abcdefghijklmnopqrstuvwxyz"
            return all(c in $s.lower() for c in letters)
        """,
        """
        import string


        def $f($s):
            return set(string.ascii_lowercase) <= set($s.lower())
        """,
        """
        def $f($s):
            for c in "abcdefghijklmnopqrstuvwxyz":
                if c not in $s.lower():
                    return False
            return True
        """,
    ],
    cases="""
        "The quick brown fox jumps over the lazy dog" -> True
        "hello" -> False
        "" -> False
        "Sphinx of black quartz judge my vow" -> True
        "abcdefghijklmnopqrstuvwxy" -> False
        "abcdefghijklmnopqrstuvwxyz" -> True
    """,
)

BALANCED_PARENTHESES = exercise(
    "balanced_parentheses",
    f="is_balanced balanced check_parentheses brackets_match balanced_parens",
    s="text s string expression code",
    does="""
        checks whether parentheses are balanced
        checks if the parentheses in a string are balanced
        tests if every open parenthesis is closed
        returns True if the brackets in $s match
        determines whether a string has balanced parentheses
        tells whether all parentheses are closed in the right order
        verifies that no parenthesis is left open or closed twice
        finds out if brackets are properly nested and closed
    """,
    about="""
        checking for balanced parentheses
        a balanced parentheses check
    """,
    held_out="""
        Are the parentheses in an expression balanced?
        How can I see that each opening parenthesis has a matching closing one?
        "(())" is fine, "())(" is not: check that the parentheses balance.
    """,
    solutions=[
        """
        def $f($s):
            depth = 0
            for c in $s:
                if c == "(":
                    depth += 1
                elif c == ")":
                    depth -= 1
                if depth < 0:
                    return False
            return depth == 0
        """,
        """
        def $f($s):
            stack = []
            for c in $s:
                if c == "(":
                    stack.append(c)
                elif c == ")":
                    if not stack:
                        return False
                    stack.pop()
            return not stack
        """,
    ],
    cases="""
        "(())" -> True
        "())(" -> False
        "" -> True
        "(a + b) * (c)" -> True
        "((" -> False
        ")" -> False
    """,
)

SLUG = exercise(
    "slug",
    f="slugify make_slug to_slug slug url_name",
    s="title text s name heading",
    does="""
        turns a title into a slug
        makes a lowercase slug with hyphens from a title
        converts $s to lowercase and joins its words with hyphens
        creates a URL slug from a string
        replaces spaces by hyphens and makes a string lowercase
        slugifies a title
        makes a title ready for a URL, in lowercase with hyphens
        builds a slug out of the words of a heading
    """,
    about="""
        making a slug from a title
        a URL slug
    """,
    held_out="""
        My blog post "Hello Big World" needs the slug "hello-big-world".
        How do I get a URL slug out of a heading?
        Lowercase a title and put hyphens for spaces, as in a slug.
    """,
    solutions=[
        """
        def $f($s):
            return "-".join($s.lower().split())
        """,
        """
        def $f($s):
            return $s.lower().replace(" ", "-")
        """,
        """
        def $f($s):
            words = [word.lower() for word in $s.split()]
            return "-".join(words)
        """,
    ],
    cases="""
        "Hello Big World" -> "hello-big-world"
        "Python" -> "python"
        "" -> ""
    """,
)
