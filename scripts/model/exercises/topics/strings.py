"""Strings reversed and compared."""

from exercises.declare import TEXT, exercise

REVERSE_STRING = exercise(
    "reverse_string",
    f="reverse_string reverse reverse_text backwards flip_string",
    s=TEXT,
    does="""
        reverses a string
        returns a string in reverse
        reverses $s
        returns the reverse of a string
        turns a string around
        gives back a string backwards
        reverses the characters of a string
        writes a word backwards
        returns text with its letters in reverse order
        flips the letters of a word from back to front
        spells a string backwards
    """,
    about="""
        reversing a string
        the reverse of a string
    """,
    held_out="""
        How do I get a string backwards, so that "abc" is "cba"?
        Take some text and give me the letters in reverse order.
        What's a neat trick to reverse strings?
    """,
    solutions=[
        """
        def $f($s):
            return $s[::-1]
        """,
        """
        def $f($s):
            result = ""
            for char in $s:
                result = char + result
            return result
        """,
        """
        def $f($s):
            return "".join(reversed($s))
        """,
    ],
    cases="""
        "abc" -> "cba"
        "" -> ""
        "a" -> "a"
        "Hello World" -> "dlroW olleH"
    """,
)

IS_PALINDROME = exercise(
    "is_palindrome",
    f="is_palindrome palindrome check_palindrome same_backwards is_mirrored",
    s=TEXT,
    does="""
        checks whether a string is a palindrome
        checks if a word is a palindrome
        tests if $s is a palindrome
        returns True if a string is a palindrome
        determines whether a string reads the same backwards
        tells whether a word is the same forwards and backwards
        detects palindromes
        recognizes words that are the same in reverse
        finds out if text is a palindrome
    """,
    about="""
        a palindrome check
        checking for palindromes
    """,
    held_out="""
        Is a given word a palindrome or not?
        How can you tell that a string reads the same in both directions?
        I need to recognise palindromes such as level or noon.
    """,
    solutions=[
        """
        def $f($s):
            return $s == $s[::-1]
        """,
        """
        def $f($s):
            for i in range(len($s) // 2):
                if $s[i] != $s[-i - 1]:
                    return False
            return True
        """,
        """
        def $f($s):
            if len($s) < 2:
                return True
            return $s[0] == $s[-1] and $f($s[1:-1])
        """,
    ],
    cases="""
        "level" -> True
        "noon" -> True
        "hello" -> False
        "" -> True
        "ab" -> False
        "abca" -> False
    """,
)

IS_ANAGRAM = exercise(
    "is_anagram",
    f="is_anagram are_anagrams anagrams check_anagram same_letters",
    a="first a left word1 s1",
    b="second b right word2 s2",
    does="""
        checks whether two strings are anagrams
        checks if two words are anagrams of each other
        tests if $a and $b are anagrams
        returns True if two words have the same letters
        determines whether one word is an anagram of another
        tells whether two strings are anagrams
        finds out if two strings use the same letters
        compares the letters of two words to see if they are anagrams
    """,
    about="""
        an anagram check
        checking two words for being anagrams
    """,
    held_out="""
        Are two words anagrams of one another?
        How can I see if "listen" and "silent" are anagrams?
        Compare two strings: do they consist of the same letters, an anagram?
    """,
    solutions=[
        """
        def $f($a, $b):
            return sorted($a) == sorted($b)
        """,
        """
        from collections import Counter


        def $f($a, $b):
            return Counter($a) == Counter($b)
        """,
        """
        def $f($a, $b):
            if len($a) != len($b):
                return False
            return all($a.count(c) == $b.count(c) for c in $a)
        """,
    ],
    cases="""
        "listen", "silent" -> True
        "abc", "abd" -> False
        "aab", "abb" -> False
        "a", "aa" -> False
        "", "" -> True
    """,
)
