"""Lists cut, joined and nested."""

from exercises.declare import MIXED, exercise

FLATTEN = exercise(
    "flatten",
    f="flatten flatten_list flat unnest concatenate_lists",
    xs="lists nested rows groups parts",
    does="""
        flattens a list of lists
        turns a list of lists into one flat list
        joins all lists in $xs into one
        returns a flat list from a nested list
        concatenates the lists in a list
        merges a list of lists into a single list
        unpacks the inner lists of a list
        puts the elements of several lists into a single list
    """,
    about="""
        flattening a list of lists
        a flat list made from a list of lists
    """,
    held_out="""
        I have a list of lists and need one flat list.
        How do I unnest [[1, 2], [3]] so that it is [1, 2, 3]?
        Flatten a nested list, one level is enough.
    """,
    solutions=[
        """
        def $f($xs):
            return [x for part in $xs for x in part]
        """,
        """
        def $f($xs):
            result = []
            for part in $xs:
                result.extend(part)
            return result
        """,
        """
        def $f($xs):
            return sum($xs, [])
        """,
    ],
    cases="""
        [[1, 2], [3]] -> [1, 2, 3]
        [] -> []
        [[], [1], []] -> [1]
        [["a"], ["b", "c"]] -> ["a", "b", "c"]
    """,
)

CHUNK = exercise(
    "chunk",
    f="chunk split_into_chunks chunks make_chunks batch",
    xs=MIXED,
    n="size n length width count",
    does="""
        splits a list into chunks
        splits a list into chunks of a given size
        divides $xs into chunks of size $n
        cuts a list into pieces of length $n
        groups the elements of a list into batches of $n
        breaks a list up into equal parts of a given size
        makes smaller lists of $n elements from one long list
        splits a list in pieces, each of a certain length
    """,
    about="""
        splitting a list into chunks
        chunks of a list
    """,
    held_out="""
        How can I cut a long list into chunks of n elements?
        Batches: a list should be split into pieces of some size.
        Divide a list in chunks, where the last may be shorter.
    """,
    solutions=[
        """
        def $f($xs, $n):
            return [$xs[i : i + $n] for i in range(0, len($xs), $n)]
        """,
        """
        def $f($xs, $n):
            result = []
            for i in range(0, len($xs), $n):
                result.append($xs[i : i + $n])
            return result
        """,
        """
        def $f($xs, $n):
            if not $xs:
                return []
            return [$xs[:$n]] + $f($xs[$n:], $n)
        """,
    ],
    cases="""
        [1, 2, 3, 4, 5], 2 -> [[1, 2], [3, 4], [5]]
        [], 3 -> []
        [1, 2], 5 -> [[1, 2]]
        ["a", "b", "c"], 1 -> [["a"], ["b"], ["c"]]
    """,
)

INTERLEAVE = exercise(
    "interleave",
    f="interleave alternate zip_lists weave mix",
    a="a first left list1 xs",
    b="b second right list2 ys",
    does="""
        interleaves two lists
        interleaves two lists of the same length
        alternates the elements of $a and $b
        merges two lists by taking elements in turn
        returns a list that alternates between two lists
        takes elements from two lists in turn
        takes turns between the elements of two lists
        zips two lists into one flat list
    """,
    about="""
        interleaving two lists
        alternating the elements of two lists
    """,
    held_out="""
        Two lists of equal length should be woven together, one element from each in turn.
        From [1, 3] and [2, 4] I want [1, 2, 3, 4] by interleaving.
        How can the elements of two lists alternate in a new one?
    """,
    solutions=[
        """
        def $f($a, $b):
            result = []
            for x, y in zip($a, $b):
                result.append(x)
                result.append(y)
            return result
        """,
        """
        def $f($a, $b):
            return [x for pair in zip($a, $b) for x in pair]
        """,
        """
        def $f($a, $b):
            result = []
            for i in range(len($a)):
                result += [$a[i], $b[i]]
            return result
        """,
    ],
    cases="""
        [1, 3], [2, 4] -> [1, 2, 3, 4]
        [], [] -> []
        ["a", "b"], [1, 2] -> ["a", 1, "b", 2]
    """,
)

EVERY_NTH = exercise(
    "every_nth",
    f="every_nth take_every nth_items skip_items sample_list",
    xs=MIXED,
    constants={"n": "2 3 4 5"},
    does="""
        returns every ${n}th element of a list
        takes every ${n}th item of a list, beginning with the first
        returns each ${n}th element of $xs
        keeps one of every $n elements of a list
        picks every ${n}th item
        gets each ${n}th entry from a list
        selects one element in $n from a list
    """,
    about="""
        every ${n}th element of a list
        taking every ${n}th item
    """,
    held_out="""
        From a list I want every ${n}th element, the first included.
        How do I pick one element out of each $n in a list?
        Step through a list with a step of $n and collect the elements.
    """,
    solutions=[
        """
        def $f($xs):
            return $xs[::$n]
        """,
        """
        def $f($xs):
            return [$xs[i] for i in range(0, len($xs), $n)]
        """,
        """
        def $f($xs):
            return [x for i, x in enumerate($xs) if i % $n == 0]
        """,
    ],
    cases="""
        [1, 2, 3, 4, 5, 6, 7] -> [1, 2, 3, 4, 5, 6, 7][::$n]
        [] -> []
        ["a"] -> ["a"]
    """,
)
