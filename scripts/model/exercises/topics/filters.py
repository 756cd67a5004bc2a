"""Elements of a list kept by a condition."""

from exercises.declare import LISTS, WORDS, exercise

EVEN_NUMBERS = exercise(
    "even_numbers",
    f="even_numbers filter_even get_evens only_even keep_even",
    xs=LISTS,
    does="""
        returns the even numbers of a list
        filters the even numbers out of a list
        keeps only the even numbers in $xs
        returns all even numbers in a list
        picks the even numbers from a list
        removes the odd numbers from a list
        gets all the even integers from a list
        selects the even elements of a list
        leaves out the odd numbers of a list
    """,
    about="""
        the even numbers of a list
        filtering even numbers
    """,
    held_out="""
        Which of the numbers in a list are even? I want them as a list.
        Throw away all odd numbers, keep the even ones in my list.
        How do I filter a list down to even numbers?
    """,
    solutions=[
        """
        def $f($xs):
            return [x for x in $xs if x % 2 == 0]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                if x % 2 == 0:
                    result.append(x)
            return result
        """,
        """
        def $f($xs):
            return list(filter(lambda x: x % 2 == 0, $xs))
        """,
    ],
    cases="""
        [1, 2, 3, 4] -> [2, 4]
        [] -> []
        [1, 3] -> []
        [0, -2, 7] -> [0, -2]
    """,
)

GREATER_THAN = exercise(
    "greater_than",
    f="greater_than filter_greater above_limit larger_than keep_large",
    xs=LISTS,
    constants={"n": "3 5 10 20 50 100"},
    does="""
        returns the numbers of a list that are greater than $n
        keeps only the numbers greater than $n
        filters the values above $n out of a list
        returns all elements of $xs larger than $n
        finds the numbers in a list that are bigger than $n
        removes the numbers that are not greater than $n
        gets every number over $n from a list
        selects the elements that exceed $n
    """,
    about="""
        numbers that are greater than $n
        filtering values above $n
    """,
    held_out="""
        Which numbers in a list are greater than $n?
        I only care about values above $n, so leave out the others.
        From a list, select whatever is larger than $n.
    """,
    solutions=[
        """
        def $f($xs):
            return [x for x in $xs if x > $n]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                if x > $n:
                    result.append(x)
            return result
        """,
        """
        def $f($xs):
            return list(filter(lambda x: x > $n, $xs))
        """,
    ],
    cases="""
        [$n, $n + 1, 0] -> [$n + 1]
        [] -> []
        [200, -1, $n - 1, 150, $n] -> [200, 150]
        [$n - 1] -> []
    """,
)

LONG_WORDS = exercise(
    "long_words",
    f="long_words filter_long words_longer_than get_long_words keep_long",
    xs=WORDS,
    constants={"n": "2 3 4 5 6 8"},
    does="""
        returns the words that are longer than $n characters
        keeps only the words with more than $n letters
        filters the strings longer than $n characters
        returns all strings in $xs with more than $n characters
        finds those words in a list that consist of over $n letters
        removes words of $n letters or fewer
        gets every word with a length over $n
        selects the words that have more than $n characters
    """,
    about="""
        the words longer than $n characters
        filtering words with more than $n letters
    """,
    held_out="""
        Which words in a list have more than $n letters?
        Short words are boring, I only want words longer than $n characters.
        Select strings from a list if their length is over $n.
    """,
    solutions=[
        """
        def $f($xs):
            return [x for x in $xs if len(x) > $n]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                if len(x) > $n:
                    result.append(x)
            return result
        """,
        """
        def $f($xs):
            return list(filter(lambda x: len(x) > $n, $xs))
        """,
    ],
    cases="""
        ["a", "b" * $n, "c" * ($n + 1)] -> ["c" * ($n + 1)]
        [] -> []
        ["programming", "x", "languages"] -> ["programming", "languages"]
    """,
)

STARTS_WITH = exercise(
    "starts_with",
    f="starts_with filter_prefix words_with_letter starting_with keep_starting",
    xs=WORDS,
    constants={"c": "a b s t p m"},
    does="""
        returns the words that start with the letter $c
        keeps only the words starting with "$c"
        filters the strings that begin with "$c"
        returns all strings in $xs that start with "$c"
        finds the words in a list that begin with the letter $c
        picks the words whose first letter is $c
        gets every word with $c as its first letter
        selects the words that begin with "$c"
    """,
    about="""
        the words that start with "$c"
        filtering words that begin with the letter $c
    """,
    held_out="""
        Which of the words begin with "$c"?
        I have a list of names and want those that start with the letter $c.
        Select the strings having "$c" as their first letter.
    """,
    solutions=[
        """
        def $f($xs):
            return [x for x in $xs if x.startswith("$c")]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                if x.startswith("$c"):
                    result.append(x)
            return result
        """,
        """
        def $f($xs):
            return [x for x in $xs if x[:1] == "$c"]
        """,
    ],
    cases="""
        ["${c}x", "x$c", "${c}"] -> ["${c}x", "${c}"]
        [] -> []
        ["zebra", "${c}at"] -> ["${c}at"]
    """,
)
