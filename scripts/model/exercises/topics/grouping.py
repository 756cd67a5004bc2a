"""Dictionaries that count and group."""

from exercises.declare import MIXED, WORDS, exercise

COUNT_ITEMS = exercise(
    "count_items",
    f="count_items frequencies count_all tally histogram",
    xs=MIXED,
    does="""
        counts how often each item occurs in a list
        counts each element of a list in a dictionary
        returns a dictionary of frequencies
        builds a dictionary with the count of each item in $xs
        returns how often every element occurs as a dict
        maps each element of a list to its number of occurrences
        gets the number of each element as a dictionary
        tallies the elements of a list
        makes a histogram of the items in a list
    """,
    about="""
        the frequencies of the items in a list
        counting each element of a list
    """,
    held_out="""
        I want a dictionary that says for each element of a list how often it is there.
        How do I tally up votes, so that I get a dict of counts?
        Frequency of every item in a list, as a dict.
    """,
    solutions=[
        """
        def $f($xs):
            counts = {}
            for x in $xs:
                counts[x] = counts.get(x, 0) + 1
            return counts
        """,
        """
        from collections import Counter


        def $f($xs):
            return dict(Counter($xs))
        """,
        """
        def $f($xs):
            return {x: $xs.count(x) for x in $xs}
        """,
    ],
    cases="""
        ["a", "b", "a"] -> {"a": 2, "b": 1}
        [] -> {}
        [1, 1, 1] -> {1: 3}
    """,
)

GROUP_BY_LENGTH = exercise(
    "group_by_length",
    f="group_by_length group_words by_length words_by_length length_groups",
    xs=WORDS,
    does="""
        groups words by their length
        groups a list of strings by length in a dictionary
        returns a dictionary from length to the words of that length
        sorts $xs into groups of equal length
        collects the words of each length in a dictionary
        maps each length to a list of words
        puts words of the same length into one group
        makes a dictionary of word lists by word length
        builds a dict whose keys are lengths and whose values are words
    """,
    about="""
        grouping words by length
        a dictionary of words by their length
    """,
    held_out="""
        I want words put in groups by how long they are, as a dict.
        How do I group strings on their lengths?
        Keys are lengths, values are lists of words with that length.
    """,
    solutions=[
        """
        def $f($xs):
            groups = {}
            for word in $xs:
                groups.setdefault(len(word), []).append(word)
            return groups
        """,
        """
        def $f($xs):
            groups = {}
            for word in $xs:
                if len(word) not in groups:
                    groups[len(word)] = []
                groups[len(word)].append(word)
            return groups
        """,
        """
        from collections import defaultdict


        def $f($xs):
            groups = defaultdict(list)
            for word in $xs:
                groups[len(word)].append(word)
            return dict(groups)
        """,
    ],
    cases="""
        ["a", "bb", "c"] -> {1: ["a", "c"], 2: ["bb"]}
        [] -> {}
        ["one", "two", "three"] -> {3: ["one", "two"], 5: ["three"]}
    """,
)

DICT_FROM_LISTS = exercise(
    "dict_from_lists",
    f="dict_from_lists make_dict lists_to_dict zip_to_dict pair_up",
    a="keys names a first ks",
    b="values data b second vs",
    does="""
        creates a dictionary from two lists
        makes a dictionary from a list of keys and a list of values
        builds a dictionary from $a and $b
        combines a list of keys with a list of values
        turns two lists into a dictionary
        maps each key of one list to the value at the same place in another
        zips keys and values into a dictionary
        pairs up two lists as a dict
    """,
    about="""
        a dictionary from two lists
        making a dict from keys and values
    """,
    held_out="""
        I have keys in one list, values in another and want a dict.
        How do I zip two lists to get a dictionary?
        Two lists, one dictionary: first list gives the keys.
    """,
    solutions=[
        """
        def $f($a, $b):
            return dict(zip($a, $b))
        """,
        """
        def $f($a, $b):
            result = {}
            for i in range(len($a)):
                result[$a[i]] = $b[i]
            return result
        """,
        """
        def $f($a, $b):
            return {x: y for x, y in zip($a, $b)}
        """,
    ],
    cases="""
        ["a", "b"], [1, 2] -> {"a": 1, "b": 2}
        [], [] -> {}
        [1], ["x"] -> {1: "x"}
    """,
)
