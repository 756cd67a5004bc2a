"""Order without an algorithm of one's own: keys, directions, and whether a list is sorted."""

from exercises.declare import LISTS, WORDS, exercise

SORT_DESCENDING = exercise(
    "sort_descending",
    f="sort_descending sort_desc descending sort_reverse largest_first",
    xs=LISTS,
    does="""
        sorts a list in descending order
        sorts a list of numbers from largest to smallest
        sorts $xs in descending order
        returns a list in descending order
        sorts numbers from high to low
        orders a list with the largest value first
        arranges numbers from biggest to smallest
        gives a list from the highest to the lowest value
        sorts a list in reverse, so that it is descending
        sorts scores so that the best is first
    """,
    about="""
        sorting a list in descending order
        a descending sort
    """,
    held_out="""
        How can a list be sorted so that the biggest number comes first?
        I've got some scores and want them highest to lowest.
        Take a list and sort it descending.
    """,
    solutions=[
        """
        def $f($xs):
            return sorted($xs, reverse=True)
        """,
        """
        def $f($xs):
            result = sorted($xs)
            result.reverse()
            return result
        """,
        """
        def $f($xs):
            return sorted($xs)[::-1]
        """,
    ],
    cases="""
        [1, 3, 2] -> [3, 2, 1]
        [] -> []
        [5, 5, -1, 10] -> [10, 5, 5, -1]
    """,
    in_place=True,
)

IS_SORTED = exercise(
    "is_sorted",
    f="is_sorted is_in_order check_sorted is_ascending sorted_already",
    xs=LISTS,
    does="""
        checks whether a list is sorted
        checks if a list is in ascending order
        tests if $xs is sorted
        tells whether a list is already sorted
        returns True if a list is sorted
        returns whether the items of a list are in ascending order
        determines if a list of numbers is sorted
        decides whether each element is not larger than the next
        verifies that a list is in increasing order
        finds out if a list is ordered
        says whether values never decrease from one to the next
    """,
    about="""
        checking whether a list is sorted
        a check that a list is in order
    """,
    held_out="""
        Is my list already in ascending order? I want True or False.
        How do I find out if a list has been sorted?
        Test that the numbers in a list never go down.
    """,
    solutions=[
        """
        def $f($xs):
            for i in range(len($xs) - 1):
                if $xs[i] > $xs[i + 1]:
                    return False
            return True
        """,
        """
        def $f($xs):
            return all(a <= b for a, b in zip($xs, $xs[1:]))
        """,
        """
        def $f($xs):
            return list($xs) == sorted($xs)
        """,
    ],
    cases="""
        [1, 2, 3] -> True
        [1, 3, 2] -> False
        [] -> True
        [2, 2, 5] -> True
        [9, 1] -> False
        [1, 2, 3, 0] -> False
    """,
)

SORT_BY_LENGTH = exercise(
    "sort_by_length",
    f="sort_by_length sort_words by_length sort_on_length order_by_length",
    xs=WORDS,
    does="""
        sorts a list of words by length
        sorts strings by their length
        sorts $xs by length
        orders words from shortest to longest
        returns words sorted by how long they are
        sorts a list of strings by the number of characters
        puts the shortest word first and the longest last
        sorts names by length, short before long
        arranges a list of words by the number of their letters
    """,
    about="""
        sorting words by length
        ordering strings from shortest to longest
    """,
    held_out="""
        How can I order my words so that short ones come before long ones?
        I have a list of names and would like it sorted by name length.
        Arrange strings according to their length.
    """,
    solutions=[
        """
        def $f($xs):
            return sorted($xs, key=len)
        """,
        """
        def $f($xs):
            result = list($xs)
            result.sort(key=len)
            return result
        """,
        """
        def $f($xs):
            return sorted($xs, key=lambda x: len(x))
        """,
    ],
    cases="""
        ["ccc", "a", "bb"] -> ["a", "bb", "ccc"]
        [] -> []
        ["pear", "fig", "banana", "kiwi"] -> ["fig", "pear", "kiwi", "banana"]
    """,
    in_place=True,
)

SORT_BY_SECOND = exercise(
    "sort_by_second",
    f="sort_by_second sort_pairs sort_tuples by_second_item order_pairs",
    xs="pairs tuples items rows points",
    does="""
        sorts a list of tuples by the second element
        sorts pairs by their second item
        sorts $xs by the second value
        orders a list of pairs by the second number
        returns tuples sorted on their second element
        arranges pairs in the order of their second value
        sorts a list of pairs by their last element
        takes tuples and orders them by what is in second place
    """,
    about="""
        sorting tuples by the second element
        a sort of pairs on the second item
    """,
    held_out="""
        How do you sort tuples on their second entry?
        I have (name, score) tuples and need them ordered by the second part.
        Sort these pairs, second element first in importance.
    """,
    solutions=[
        """
        def $f($xs):
            return sorted($xs, key=lambda pair: pair[1])
        """,
        """
        from operator import itemgetter


        def $f($xs):
            return sorted($xs, key=itemgetter(1))
        """,
        """
        def $f($xs):
            def second(pair):
                return pair[1]

            return sorted($xs, key=second)
        """,
    ],
    cases="""
        [(1, 3), (2, 1), (3, 2)] -> [(2, 1), (3, 2), (1, 3)]
        [] -> []
        [("a", 5), ("b", -5)] -> [("b", -5), ("a", 5)]
    """,
    in_place=True,
)
