"""Texts encoded or hidden."""

from exercises.declare import TEXT, exercise

CAESAR_CIPHER = exercise(
    "caesar_cipher",
    f="caesar_cipher caesar encrypt shift_letters encode",
    s=TEXT,
    k="shift key k offset step",
    does="""
        implements the Caesar cipher
        encrypts a text with the Caesar cipher
        encodes lowercase letters with a Caesar cipher
        shifts each letter of $s by $k places
        shifts every letter of a string in the alphabet
        applies a Caesar shift to a string
        encodes a message by moving each letter in the alphabet
        encrypts text in the way of Caesar by a given shift
    """,
    about="""
        the Caesar cipher
        a Caesar shift of a string
    """,
    held_out="""
        How did Caesar encrypt his letters? I want his cipher as code, lower case only.
        Move each letter in a text a number of places along the alphabet, as in the Caesar cipher.
        I'd like to encode secret messages, the Caesar way.
    """,
    solutions=[
        """
        def $f($s, $k):
            result = ""
            for c in $s:
                if c.isalpha():
                    c = chr((ord(c) - ord("a") + $k) % 26 + ord("a"))
                result += c
            return result
        """,
        """
        def $f($s, $k):
            letters = "abcdefghijklmnopqrstuvwxyz"
            result = ""
            for c in $s:
                if c in letters:
                    c = letters[(letters.index(c) + $k) % 26]
                result += c
            return result
        """,
    ],
    cases="""
        "abc", 1 -> "bcd"
        "xyz", 3 -> "abc"
        "hello world", 5 -> "mjqqt btwqi"
        "", 4 -> ""
        "bcd", -1 -> "abc"
    """,
)

RUN_LENGTH = exercise(
    "run_length",
    f="run_length_encode rle encode_runs compress run_length",
    s=TEXT,
    does="""
        performs run-length encoding of a string
        encodes a string with run-length encoding
        compresses $s by counting repeated characters
        replaces runs of equal characters by the character and its count
        implements run-length encoding
    """,
    about="""
        run-length encoding
        a run-length encoding of a string
    """,
    held_out="""
        How do I turn "aaabb" into "a3b2"?
        Compress a string with run-length encoding.
        For each run of equal letters write the letter and how long the run is.
    """,
    solutions=[
        """
        def $f($s):
            result = ""
            i = 0
            while i < len($s):
                j = i
                while j < len($s) and $s[j] == $s[i]:
                    j += 1
                result += $s[i] + str(j - i)
                i = j
            return result
        """,
        """
        from itertools import groupby


        def $f($s):
            return "".join(c + str(len(list(run))) for c, run in groupby($s))
        """,
    ],
    cases="""
        "aaabb" -> "a3b2"
        "" -> ""
        "abc" -> "a1b1c1"
        "aab" -> "a2b1"
    """,
    unseen=True,
)

REPLACE_CHARACTER = exercise(
    "mask",
    f="mask hide_text mask_text censor mask_string",
    s=TEXT,
    constants={"n": "2 3 4 5", "c": "* # x -"},
    does="""
        masks all but the last $n characters of a string with "$c"
        replaces all but the last $n characters by "$c"
        hides a string with "$c" except for the last $n characters
        shows only the last $n characters of $s and puts "$c" for the others
        masks a string with "$c" but keeps its last $n characters
        covers a secret with "$c" but leaves the last $n characters
        replaces each character except the final $n with "$c"
    """,
    about="""
        masking all but the last $n characters with "$c"
        a string masked with "$c" except for its last $n characters
    """,
    held_out="""
        A card number should be hidden with "$c" apart from the last $n characters.
        How do I mask a string with "$c" so that only the final $n characters can be read?
        Hide my password with "$c" but leave the last $n characters.
    """,
    solutions=[
        """
        def $f($s):
            return "$c" * (len($s) - $n) + $s[-$n:]
        """,
        """
        def $f($s):
            result = ""
            for i, char in enumerate($s):
                result += char if i >= len($s) - $n else "$c"
            return result
        """,
        """
        def $f($s):
            return $s[-$n:].rjust(len($s), "$c")
        """,
    ],
    cases="""
        "ab" * $n -> "$c" * $n + ("ab" * $n)[-$n:]
        "a" -> "a"
        "12345678" -> "$c" * (8 - $n) + "12345678"[-$n:]
    """,
)
