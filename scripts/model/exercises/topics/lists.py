"""Lists summed up and multiplied."""

from exercises.declare import LISTS, exercise

SUM_LIST = exercise(
    "sum_list",
    f="sum_list total add_all list_sum sum_numbers",
    xs=LISTS,
    does="""
        returns the sum of a list of numbers
        computes the sum of a list
        adds up all numbers in a list
        sums the numbers in $xs
        calculates the total of a list of numbers
        adds all elements of a list together
        gets the total of some numbers
        sums up everything in a list
        determines how much the numbers of a list make together
    """,
    about="""
        the sum of a list
        adding up a list of numbers
    """,
    held_out="""
        What do all the numbers in a list add up to?
        I have a list of prices and need their total.
        Loop over a list and sum it up.
    """,
    solutions=[
        """
        def $f($xs):
            result = 0
            for x in $xs:
                result += x
            return result
        """,
        """
        def $f($xs):
            return sum($xs)
        """,
        """
        def $f($xs):
            if not $xs:
                return 0
            return $xs[0] + $f($xs[1:])
        """,
    ],
    cases="""
        [1, 2, 3] -> 6
        [] -> 0
        [-5, 5, 10] -> 10
        [2.5, 1] -> 3.5
    """,
)

PRODUCT_LIST = exercise(
    "product_list",
    f="product multiply_all list_product product_of multiply_list",
    xs=LISTS,
    does="""
        returns the product of a list of numbers
        computes the product of a list
        multiplies all numbers in a list
        multiplies the numbers in $xs
        calculates the product of a list of numbers
        multiplies all elements of a list together
    """,
    about="""
        the product of a list
        multiplying a list of numbers
    """,
    held_out="""
        What do I get when all numbers in a list are multiplied?
        I need the product of some factors that are in a list.
        Loop over a list and multiply its values.
    """,
    solutions=[
        """
        def $f($xs):
            result = 1
            for x in $xs:
                result *= x
            return result
        """,
        """
        import math


        def $f($xs):
            return math.prod($xs)
        """,
        """
        from functools import reduce


        def $f($xs):
            return reduce(lambda a, b: a * b, $xs, 1)
        """,
    ],
    cases="""
        [1, 2, 3, 4] -> 24
        [] -> 1
        [5, 0] -> 0
        [-2, 3] -> -6
    """,
    unseen=True,
)

RUNNING_SUM = exercise(
    "running_sum",
    f="running_sum cumulative_sum prefix_sums running_total accumulate_sums",
    xs=LISTS,
    does="""
        computes the running sum of a list
        returns the cumulative sum of a list of numbers
        returns the running totals of $xs
        calculates the prefix sums of a list
        makes a list of cumulative sums
        returns a list in which each element is the sum of all elements so far
        gets the cumulative totals of a list
        accumulates the numbers of a list step by step
    """,
    about="""
        the running sum of a list
        cumulative sums
    """,
    held_out="""
        How do I get cumulative sums, so that [1, 2, 3] gives [1, 3, 6]?
        For each position I want the total so far, a running sum.
        A running total over daily sales in a list.
    """,
    solutions=[
        """
        def $f($xs):
            result = []
            current = 0
            for x in $xs:
                current += x
                result.append(current)
            return result
        """,
        """
        from itertools import accumulate


        def $f($xs):
            return list(accumulate($xs))
        """,
        """
        def $f($xs):
            return [sum($xs[: i + 1]) for i in range(len($xs))]
        """,
    ],
    cases="""
        [1, 2, 3] -> [1, 3, 6]
        [] -> []
        [5, -5, 10] -> [5, 0, 10]
    """,
)
