"""Lists whose elements are changed or added up by kind."""

from exercises.declare import LISTS, exercise

SUM_OF_EVENS = exercise(
    "sum_of_evens",
    f="sum_of_evens sum_even add_evens even_sum total_even",
    xs=LISTS,
    does="""
        returns the sum of the even numbers in a list
        computes the sum of all even numbers in a list
        adds up the even numbers of $xs
        sums the even numbers of a list
        calculates the total of the even numbers
        gets the sum of just the even numbers
        sums those elements of a list that are even
    """,
    about="""
        the sum of the even numbers in a list
        adding up even numbers
    """,
    held_out="""
        What do the even numbers in a list sum to?
        Ignore odd numbers and give me the sum of the even ones.
        Total up just the even values in a list.
    """,
    solutions=[
        """
        def $f($xs):
            return sum(x for x in $xs if x % 2 == 0)
        """,
        """
        def $f($xs):
            total = 0
            for x in $xs:
                if x % 2 == 0:
                    total += x
            return total
        """,
        """
        def $f($xs):
            return sum(filter(lambda x: x % 2 == 0, $xs))
        """,
    ],
    cases="""
        [1, 2, 3, 4] -> 6
        [] -> 0
        [1, 3] -> 0
        [10, -2, 5] -> 8
    """,
)

SUM_OF_ODDS = exercise(
    "sum_of_odds",
    f="sum_of_odds sum_odd add_odds odd_sum total_odd",
    xs=LISTS,
    does="""
        returns the sum of the odd numbers in a list
        computes the sum of all odd numbers in a list
        adds up the odd numbers of $xs
        sums the odd numbers of a list
    """,
    about="""
        the sum of the odd numbers in a list
        adding up odd numbers
    """,
    held_out="""
        What do the odd numbers in a list sum to?
        Ignore even numbers and give me the sum of the odd ones.
        Total up just the odd values in a list.
    """,
    solutions=[
        """
        def $f($xs):
            return sum(x for x in $xs if x % 2 == 1)
        """,
        """
        def $f($xs):
            total = 0
            for x in $xs:
                if x % 2 == 1:
                    total += x
            return total
        """,
    ],
    cases="""
        [1, 2, 3, 4] -> 4
        [] -> 0
        [2, 4] -> 0
        [10, 7, 5] -> 12
    """,
    unseen=True,
)

SQUARES = exercise(
    "squares",
    f="squares square_all square_list get_squares squared",
    xs=LISTS,
    does="""
        squares every number in a list
        returns the squares of a list of numbers
        squares each element of $xs
        returns a list of squared numbers
        computes the square of each number in a list
        maps a list of numbers to their squares
        gets the square of every element
        multiplies each number of a list by itself
    """,
    about="""
        the squares of a list of numbers
        squaring each number in a list
    """,
    held_out="""
        How can I square all the numbers of a list in one go?
        From [1, 2, 3] make [1, 4, 9], the squares.
        Each number in a list times itself, as a new list of squares.
    """,
    solutions=[
        """
        def $f($xs):
            return [x**2 for x in $xs]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                result.append(x * x)
            return result
        """,
        """
        def $f($xs):
            return list(map(lambda x: x * x, $xs))
        """,
    ],
    cases="""
        [1, 2, 3] -> [1, 4, 9]
        [] -> []
        [-4, 0] -> [16, 0]
    """,
)

CUBES = exercise(
    "cubes",
    f="cubes cube_all cube_list get_cubes cubed",
    xs=LISTS,
    does="""
        cubes every number in a list
        returns the cubes of a list of numbers
        cubes each element of $xs
        returns a list of cubed numbers
        computes the cube of each number in a list
    """,
    about="""
        the cubes of a list of numbers
        cubing each number in a list
    """,
    held_out="""
        How can I cube all the numbers of a list in one go?
        From [1, 2, 3] make [1, 8, 27], the cubes.
        Each number in a list to the third power, as a new list of cubes.
    """,
    solutions=[
        """
        def $f($xs):
            return [x**3 for x in $xs]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                result.append(x * x * x)
            return result
        """,
    ],
    cases="""
        [1, 2, 3] -> [1, 8, 27]
        [] -> []
        [-4, 0] -> [-64, 0]
    """,
    unseen=True,
)
