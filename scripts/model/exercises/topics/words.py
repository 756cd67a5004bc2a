"""Sentences as lists of words."""

from exercises.declare import exercise

SENTENCE = "sentence text string s line"

COUNT_WORDS = exercise(
    "count_words",
    f="count_words word_count number_of_words num_words words_in",
    s=SENTENCE,
    does="""
        counts the words in a sentence
        counts the number of words in a string
        returns how many words a text has
        returns the number of words in $s
        counts how many words a sentence contains
        finds the number of words in a text
        says how many words are in a string
        gets the word count of a text
        splits a text on spaces and counts the parts
    """,
    about="""
        counting words
        the number of words in a sentence
    """,
    held_out="""
        How many words are in a text?
        I'd like a word count for my essay, which is one string.
        Tell me the number of words of any sentence I pass in.
    """,
    solutions=[
        """
        def $f($s):
            return len($s.split())
        """,
        """
        def $f($s):
            count = 0
            for word in $s.split():
                count += 1
            return count
        """,
        """
        def $f($s):
            words = $s.split()
            return len(words)
        """,
    ],
    cases="""
        "hello world" -> 2
        "" -> 0
        "one" -> 1
        "  the quick   brown fox " -> 4
    """,
)

LONGEST_WORD = exercise(
    "longest_word",
    f="longest_word find_longest_word longest get_longest_word max_word",
    s=SENTENCE,
    does="""
        finds the longest word in a sentence
        returns the longest word of a sentence
        returns the longest word in $s
        gives the longest word of a text
        gets the word with the most letters from a sentence
        picks the longest word out of a string
        gets the longest of the words in a text
        determines which word of a sentence has the greatest length
    """,
    about="""
        the longest word in a sentence
        finding the longest word
    """,
    held_out="""
        Which word of a sentence is the longest?
        I have a sentence and want the word with the most characters.
        From a text, get its longest word.
    """,
    solutions=[
        """
        def $f($s):
            return max($s.split(), key=len)
        """,
        """
        def $f($s):
            best = ""
            for word in $s.split():
                if len(word) > len(best):
                    best = word
            return best
        """,
        """
        def $f($s):
            words = sorted($s.split(), key=len, reverse=True)
            return words[0]
        """,
    ],
    cases="""
        "the quick brown foxes" -> "quick"
        "a" -> "a"
        "I love programming a lot" -> "programming"
    """,
)

ACRONYM = exercise(
    "acronym",
    f="acronym make_acronym initials get_initials abbreviate",
    s=SENTENCE,
    does="""
        makes an acronym from a phrase
        builds an acronym from the words of a phrase
        returns the initials of a name
        returns the first letter of each word in uppercase
        turns $s into an acronym
        abbreviates a phrase to its initials
        takes the first letters of words to make an acronym
        gets the initials from a full name
    """,
    about="""
        making an acronym
        the initials of a name
    """,
    held_out="""
        How do I get from "portable network graphics" to the acronym "PNG"?
        From a full name I want just the initials, in capitals.
        Abbreviate a long phrase, keep the first letters only, as an acronym.
    """,
    solutions=[
        """
        def $f($s):
            return "".join(word[0].upper() for word in $s.split())
        """,
        """
        def $f($s):
            result = ""
            for word in $s.split():
                result += word[0].upper()
            return result
        """,
        """
        def $f($s):
            return "".join([word[0] for word in $s.split()]).upper()
        """,
    ],
    cases="""
        "portable network graphics" -> "PNG"
        "Ada Lovelace" -> "AL"
        "" -> ""
    """,
)
