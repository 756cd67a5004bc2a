"""Words and their letters in another order, or joined."""

from exercises.declare import WORDS, exercise

SENTENCE = "sentence text string s line"

REVERSE_WORDS = exercise(
    "reverse_words",
    f="reverse_words reverse_word_order reverse_sentence words_backwards flip_words",
    s=SENTENCE,
    does="""
        reverses the order of the words in a sentence
        reverses the words of a string
        reverses the word order of $s
        returns a sentence with its words in reverse order
        puts the words of a sentence in the opposite order
        turns around the order of words in a text
        gives the words of a sentence from last to first
        flips a sentence around, word by word
    """,
    about="""
        reversing the words of a sentence
        a sentence with its words in reverse order
    """,
    held_out="""
        How do I turn "one two three" into "three two one"? The words should be reversed.
        Take a sentence and give me its words in reverse order.
        Last word first, first word last: reverse the word order of a sentence.
    """,
    solutions=[
        """
        def $f($s):
            return " ".join($s.split()[::-1])
        """,
        """
        def $f($s):
            words = $s.split()
            words.reverse()
            return " ".join(words)
        """,
        """
        def $f($s):
            return " ".join(reversed($s.split()))
        """,
    ],
    cases="""
        "one two three" -> "three two one"
        "" -> ""
        "hello" -> "hello"
        "to be or not" -> "not or be to"
    """,
)

REVERSE_EACH_WORD = exercise(
    "reverse_each_word",
    f="reverse_each_word reverse_every_word flip_each_word mirror_words reverse_letters",
    s=SENTENCE,
    does="""
        reverses each word of a sentence
        reverses every word in a string but keeps their order
        reverses the letters of each word in $s
        returns a sentence with each word written backwards
        writes each word of a text backwards
        turns around the letters of every word
        spells every word of a sentence backwards
        flips the letters in all words of a sentence
    """,
    about="""
        reversing each word of a sentence
        a sentence with every word backwards
    """,
    held_out="""
        How can I write each word backwards but leave the words where they are?
        Every single word of the sentence should be reversed, letter by letter.
        "abc def" should give "cba fed", so reverse each word.
    """,
    solutions=[
        """
        def $f($s):
            return " ".join(word[::-1] for word in $s.split())
        """,
        """
        def $f($s):
            result = []
            for word in $s.split():
                result.append(word[::-1])
            return " ".join(result)
        """,
        """
        def $f($s):
            return " ".join(["".join(reversed(w)) for w in $s.split()])
        """,
    ],
    cases="""
        "abc def" -> "cba fed"
        "" -> ""
        "hello big world" -> "olleh gib dlrow"
    """,
)

JOIN_WORDS = exercise(
    "join_words",
    f="join_words join_with concatenate combine_words glue_words",
    xs=WORDS,
    constants={"sep": "- / + _ : | ;"},
    does="""
        joins a list of strings with "$sep"
        joins words with "$sep" between them
        joins $xs into one string separated by "$sep"
        concatenates a list of words with the separator "$sep"
        puts "$sep" between the strings of a list
        combines a list of words into one string with "$sep"
        makes one string from a list of words with "$sep" as separator
        puts strings together with "$sep" between each two
    """,
    about="""
        joining strings with "$sep"
        a string of words separated by "$sep"
    """,
    held_out="""
        How do I glue a list of words together with "$sep" as the separator?
        I have several strings and want a single one with "$sep" between them.
        Make one string out of many words, joined by "$sep".
    """,
    solutions=[
        """
        def $f($xs):
            return "$sep".join($xs)
        """,
        """
        def $f($xs):
            result = ""
            for i, word in enumerate($xs):
                if i > 0:
                    result += "$sep"
                result += word
            return result
        """,
        """
        def $f($xs):
            if not $xs:
                return ""
            result = $xs[0]
            for word in $xs[1:]:
                result += "$sep" + word
            return result
        """,
    ],
    cases="""
        ["a", "b", "c"] -> "a${sep}b${sep}c"
        [] -> ""
        ["hello"] -> "hello"
    """,
)
