"""Dictionaries inverted, merged and searched."""

from exercises.declare import DICT, exercise

INVERT_DICT = exercise(
    "invert_dict",
    f="invert_dict invert swap_keys_values reverse_dict flip_dict",
    d=DICT,
    does="""
        inverts a dictionary
        swaps the keys and values of a dictionary
        exchanges keys and values of $d
        returns a dictionary with keys and values swapped
        turns the values of a dictionary into its keys
        maps each value of a dictionary back to its key
        makes values the keys of a dictionary and keys the values
        flips a dictionary so that values point to keys
    """,
    about="""
        inverting a dictionary
        a dictionary with keys and values swapped
    """,
    held_out="""
        How can I make the values of a dict its keys and the other way round?
        {"a": 1} should become {1: "a"}: swap keys with values.
        Invert a mapping from names to numbers.
    """,
    solutions=[
        """
        def $f($d):
            return {value: key for key, value in $d.items()}
        """,
        """
        def $f($d):
            result = {}
            for key, value in $d.items():
                result[value] = key
            return result
        """,
        """
        def $f($d):
            return dict(zip($d.values(), $d.keys()))
        """,
    ],
    cases="""
        {"a": 1, "b": 2} -> {1: "a", 2: "b"}
        {} -> {}
        {1: "x"} -> {"x": 1}
    """,
)

MERGE_DICTS = exercise(
    "merge_dicts",
    f="merge_dicts merge combine_dicts join_dicts merged",
    a="a first left d1 base",
    b="b second right d2 extra",
    does="""
        merges two dictionaries
        merges two dictionaries into one
        combines $a and $b into one dictionary
        returns a dictionary with the items of two dictionaries
        joins two dictionaries, where the second wins
        adds the items of one dictionary to a copy of another
        puts two dicts together in a new one
        unites two dictionaries
    """,
    about="""
        merging two dictionaries
        a merge of two dicts
    """,
    held_out="""
        I've got two dicts and would like a single one with the keys of both.
        How does one merge dictionaries?
        Combine defaults and settings, both dicts, where the latter take priority.
    """,
    solutions=[
        """
        def $f($a, $b):
            return {**$a, **$b}
        """,
        """
        def $f($a, $b):
            result = dict($a)
            result.update($b)
            return result
        """,
        """
        def $f($a, $b):
            return $a | $b
        """,
    ],
    cases="""
        {"a": 1}, {"b": 2} -> {"a": 1, "b": 2}
        {"a": 1}, {"a": 5} -> {"a": 5}
        {}, {} -> {}
    """,
)

KEY_OF_LARGEST = exercise(
    "key_of_largest",
    f="key_of_max max_key best_key key_with_max winner",
    d=DICT,
    does="""
        returns the key with the largest value in a dictionary
        finds the key of the maximum value of a dictionary
        returns the key in $d whose value is the largest
        gets the key with the highest value from a dict
        finds the dictionary key that has the biggest value
        determines which key of a dictionary has the maximum value
        picks the dictionary key with the most
    """,
    about="""
        the key with the largest value in a dictionary
        finding the key of the maximum value
    """,
    held_out="""
        Scores are in a dict by player. Which key has the highest value?
        How can I find the key for the maximum value in a dictionary?
        Which dictionary key belongs to the largest value?
    """,
    solutions=[
        """
        def $f($d):
            return max($d, key=$d.get)
        """,
        """
        def $f($d):
            best = None
            for key in $d:
                if best is None or $d[key] > $d[best]:
                    best = key
            return best
        """,
        """
        def $f($d):
            return max($d.items(), key=lambda item: item[1])[0]
        """,
    ],
    cases="""
        {"a": 1, "b": 3, "c": 2} -> "b"
        {"x": -5} -> "x"
        {"x": -5, "y": -1} -> "y"
    """,
)

SUM_VALUES = exercise(
    "sum_values",
    f="sum_values total_values add_values dict_total sum_dict",
    d=DICT,
    does="""
        sums the values of a dictionary
        returns the sum of all values in a dictionary
        adds up the values of $d
        computes the total of the values of a dict
        calculates the sum of a dictionary's values
        gets the total of everything in a dictionary
        adds together all the values of a dict
    """,
    about="""
        the sum of a dictionary's values
        adding up the values of a dict
    """,
    held_out="""
        My dict maps articles to prices. What is the sum of its values?
        How do I total all values in a dictionary?
        Values of a dict, summed.
    """,
    solutions=[
        """
        def $f($d):
            return sum($d.values())
        """,
        """
        def $f($d):
            total = 0
            for key in $d:
                total += $d[key]
            return total
        """,
        """
        def $f($d):
            total = 0
            for value in $d.values():
                total += value
            return total
        """,
    ],
    cases="""
        {"a": 1, "b": 2} -> 3
        {} -> 0
        {"x": -5, "y": 5.5} -> 0.5
    """,
)
