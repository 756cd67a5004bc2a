"""Subsets, permutations and the like, which recursion finds naturally."""

from exercises.declare import MIXED, exercise

PERMUTATIONS = exercise(
    "permutations",
    f="permutations get_permutations all_orders permute arrangements",
    xs=MIXED,
    does="""
        returns all permutations of a list
        generates all permutations of $xs
        lists every possible order of the elements of a list
        computes the permutations of a list as lists
        finds all arrangements of the items of a list
        gets every ordering of a list
        permutes the elements of a list in all ways
    """,
    about="""
        all permutations of a list
        generating permutations
    """,
    held_out="""
        In which orders can the elements of a list be arranged? All of them.
        How do I get each permutation of [1, 2, 3] as a list?
        Permute a list in every possible way.
    """,
    solutions=[
        """
        def $f($xs):
            if not $xs:
                return [[]]
            result = []
            for i in range(len($xs)):
                for rest in $f($xs[:i] + $xs[i + 1 :]):
                    result.append([$xs[i]] + rest)
            return result
        """,
        """
        import itertools


        def $f($xs):
            return [list(p) for p in itertools.permutations($xs)]
        """,
    ],
    cases="""
        [1, 2] -> [[1, 2], [2, 1]]
        [] -> [[]]
        [1, 2, 3] -> [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]]
    """,
    any_order=True,
)

SUBSETS = exercise(
    "subsets",
    f="subsets power_set all_subsets get_subsets powerset",
    xs=MIXED,
    does="""
        returns all subsets of a list
        generates all subsets of $xs
        computes the power set of a list
        lists every subset of a list
        returns the power set of a list as a list of lists
        gets every subset of a list, with the empty one
        selects elements in all possible ways, each selection as a list
    """,
    about="""
        all subsets of a list
        the power set
    """,
    held_out="""
        Which subsets does a list have? I need all, the empty one as well.
        How is a power set computed?
        Every possible selection of elements, that is each subset, of a list.
    """,
    solutions=[
        """
        def $f($xs):
            result = [[]]
            for x in $xs:
                result += [subset + [x] for subset in result]
            return result
        """,
        """
        def $f($xs):
            if not $xs:
                return [[]]
            rest = $f($xs[:-1])
            return rest + [subset + [$xs[-1]] for subset in rest]
        """,
    ],
    cases="""
        [1, 2] -> [[], [1], [2], [1, 2]]
        [] -> [[]]
        ["a"] -> [[], ["a"]]
        [1, 2, 3] -> [[], [1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]]
    """,
    any_order=True,
)

BINOMIAL = exercise(
    "binomial",
    f="binomial choose combinations n_choose_k binomial_coefficient",
    n="n total size a m",
    k="k chosen count b r",
    does="""
        computes the binomial coefficient of $n and $k
        returns the binomial coefficient
        calculates $n choose $k
        counts the ways to choose $k items from $n
        computes the number of combinations of $k out of $n items
        gets the number of ways to pick $k of $n things
        determines the binomial coefficient n over k
    """,
    about="""
        the binomial coefficient
        binomial coefficients
    """,
    held_out="""
        In how many ways can k things be chosen from n?
        What is n choose k, the binomial coefficient?
        Lottery: how many combinations of 6 out of 49 are there, in general k out of n?
    """,
    solutions=[
        """
        def $f($n, $k):
            if $k == 0 or $k == $n:
                return 1
            return $f($n - 1, $k - 1) + $f($n - 1, $k)
        """,
        """
        import math


        def $f($n, $k):
            return math.comb($n, $k)
        """,
        """
        def $f($n, $k):
            result = 1
            for i in range($k):
                result = result * ($n - i) // (i + 1)
            return result
        """,
    ],
    cases="""
        5, 2 -> 10
        4, 0 -> 1
        6, 6 -> 1
        10, 3 -> 120
    """,
)
