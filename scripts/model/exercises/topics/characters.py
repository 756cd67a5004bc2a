"""The characters of a string counted."""

from exercises.declare import TEXT, exercise

COUNT_VOWELS = exercise(
    "count_vowels",
    f="count_vowels vowel_count number_of_vowels vowels num_vowels",
    s=TEXT,
    does="""
        counts the vowels in a string
        counts the number of vowels in a string
        returns how many vowels a word has
        returns the number of vowels in $s
        counts how many vowels a text contains
        finds the number of vowels in a sentence
        says how many of the letters of a string are vowels
        gets the vowel count of a text
        adds up how often the vowels occur in a word
    """,
    about="""
        counting vowels
        the number of vowels in a string
    """,
    held_out="""
        How many vowels are in a word?
        I'd like to know how often a, e, i, o and u occur in a text, so count the vowels.
        Count every vowel of a given string, upper case too.
    """,
    solutions=[
        """
        def $f($s):
            count = 0
            for char in $s.lower():
                if char in "aeiou":
                    count += 1
            return count
        """,
        """
        def $f($s):
            return sum(1 for char in $s.lower() if char in "aeiou")
        """,
        """
        def $f($s):
            return sum($s.lower().count(vowel) for vowel in "aeiou")
        """,
    ],
    cases="""
        "hello" -> 2
        "xyz" -> 0
        "" -> 0
        "AEIOU aeiou" -> 10
        "Quick Programming" -> 5
    """,
)

COUNT_CONSONANTS = exercise(
    "count_consonants",
    f="count_consonants consonant_count number_of_consonants consonants num_consonants",
    s=TEXT,
    does="""
        counts the consonants in a string
        counts the number of consonants in a string
        returns how many consonants a word has
        returns the number of consonants in $s
        counts how many consonants a text contains
    """,
    about="""
        counting consonants
        the number of consonants in a string
    """,
    held_out="""
        How many consonants are in a word?
        I'd like to know how often a letter that is no vowel occurs, so count the consonants.
        Count every consonant of a given string, upper case too.
    """,
    solutions=[
        """
        def $f($s):
            count = 0
            for char in $s.lower():
                if char.isalpha() and char not in "aeiou":
                    count += 1
            return count
        """,
        """
        def $f($s):
            return sum(c.isalpha() and c not in "aeiou" for c in $s.lower())
        """,
    ],
    cases="""
        "hello" -> 3
        "xyz" -> 3
        "" -> 0
        "AEIOU bc D q!" -> 4
    """,
    unseen=True,
)

COUNT_CHARACTER = exercise(
    "count_character",
    f="count_char count_letter count_character letter_count how_many",
    s=TEXT,
    c="char c letter ch character",
    does="""
        counts how often a character occurs in a string
        counts the occurrences of a letter in a string
        counts how many times $c appears in $s
        returns the number of times a character is in a string
        returns how often a given letter occurs in a word
        counts a single character in a text
        says how many of a certain character are in a string
        gets the number of occurrences of a letter
    """,
    about="""
        counting a character in a string
        the number of times a letter occurs in a string
    """,
    held_out="""
        How many times does a certain letter show up in a string?
        Given a text and one character, count that character in the text.
        I wonder how often the letter e occurs in a word. The letter should be an argument.
    """,
    solutions=[
        """
        def $f($s, $c):
            return $s.count($c)
        """,
        """
        def $f($s, $c):
            count = 0
            for x in $s:
                if x == $c:
                    count += 1
            return count
        """,
        """
        def $f($s, $c):
            return sum(1 for x in $s if x == $c)
        """,
    ],
    cases="""
        "banana", "a" -> 3
        "banana", "z" -> 0
        "", "a" -> 0
        "Aa", "a" -> 1
    """,
)

COUNT_UPPERCASE = exercise(
    "count_uppercase",
    f="count_uppercase count_upper uppercase_count number_of_capitals count_capitals",
    s=TEXT,
    does="""
        counts the uppercase letters in a string
        counts the capital letters in a text
        returns the number of uppercase characters in $s
        returns how many capital letters a string has
        finds out how many letters of a string are uppercase
        counts how many characters are in upper case
        says how many letters of a text are in upper case
        gets the number of capitals in a word
    """,
    about="""
        counting uppercase letters
        the number of capital letters in a string
    """,
    held_out="""
        How many letters of my text are capitals?
        I'd like the number of upper case characters in a sentence.
        Count capitals in a string.
    """,
    solutions=[
        """
        def $f($s):
            return sum(1 for c in $s if c.isupper())
        """,
        """
        def $f($s):
            count = 0
            for c in $s:
                if c.isupper():
                    count += 1
            return count
        """,
        """
        def $f($s):
            return len([c for c in $s if c.isupper()])
        """,
    ],
    cases="""
        "Hello World" -> 2
        "abc" -> 0
        "" -> 0
        "ABC def G1!" -> 4
    """,
)
