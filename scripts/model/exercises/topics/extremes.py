"""The largest, the smallest, and where they are."""

from exercises.declare import LISTS, exercise

LARGEST = exercise(
    "largest",
    f="find_max largest maximum find_largest get_max biggest",
    xs=LISTS,
    does="""
        finds the largest number in a list
        returns the maximum of a list
        returns the largest element of a list
        finds the maximum value in $xs
        returns the biggest number
        finds the highest value in a list
        computes the maximum of a list of numbers
        gives the greatest number of a list
        picks the largest of some numbers
        gets the max of a list
        determines which value is the highest
    """,
    about="""
        the maximum of a list
        finding the largest number in a list
    """,
    held_out="""
        Which number in a list is the biggest one?
        From a list of temperatures I want the highest.
        How do I get the max value out of a list?
    """,
    solutions=[
        """
        def $f($xs):
            largest = $xs[0]
            for x in $xs:
                if x > largest:
                    largest = x
            return largest
        """,
        """
        def $f($xs):
            return max($xs)
        """,
        """
        def $f($xs):
            return sorted($xs)[-1]
        """,
    ],
    cases="""
        [1, 5, 3] -> 5
        [-4, -2, -9] -> -2
        [7] -> 7
        [10, 2, 8, 10] -> 10
    """,
)

SMALLEST = exercise(
    "smallest",
    f="find_min smallest minimum find_smallest get_min lowest",
    xs=LISTS,
    does="""
        finds the smallest number in a list
        returns the minimum of a list
        returns the smallest element of a list
        finds the minimum value in $xs
        finds the lowest value in a list
        computes the minimum of a list of numbers
    """,
    about="""
        the minimum of a list
        finding the smallest number in a list
    """,
    held_out="""
        Which number in a list is the smallest one?
        From a list of prices I want the lowest.
        How do I get the min value out of a list?
    """,
    solutions=[
        """
        def $f($xs):
            smallest = $xs[0]
            for x in $xs:
                if x < smallest:
                    smallest = x
            return smallest
        """,
        """
        def $f($xs):
            return min($xs)
        """,
    ],
    cases="""
        [1, 5, 3] -> 1
        [-4, -2, -9] -> -9
        [7] -> 7
        [10, 2, 8, 2] -> 2
    """,
    unseen=True,
)

SECOND_LARGEST = exercise(
    "second_largest",
    f="second_largest find_second_largest second_highest runner_up second_max",
    xs=LISTS,
    does="""
        finds the second largest number in a list
        returns the second largest element of a list
        returns the second highest value
        finds the second biggest number in $xs
        gives the second largest distinct number of a list
        computes the second greatest value of a list
        gets the second largest value
        determines which number is second in size, after the maximum
    """,
    about="""
        the second largest number in a list
        finding the second highest value
    """,
    held_out="""
        How do I get the runner-up, that is the second largest score in a list?
        Not the maximum but the second largest number, please.
        Which value comes right after the biggest, so second highest, in my list?
    """,
    solutions=[
        """
        def $f($xs):
            return sorted(set($xs))[-2]
        """,
        """
        def $f($xs):
            largest = max($xs)
            return max(x for x in $xs if x < largest)
        """,
        """
        def $f($xs):
            rest = [x for x in $xs if x != max($xs)]
            return max(rest)
        """,
    ],
    cases="""
        [1, 5, 3] -> 3
        [4, 4, 2] -> 2
        [-1, -7, -3] -> -3
        [10, 20] -> 10
    """,
)

INDEX_OF_LARGEST = exercise(
    "index_of_largest",
    f="index_of_max argmax max_index position_of_largest index_of_largest",
    xs=LISTS,
    does="""
        returns the index of the largest number in a list
        finds the position of the maximum in a list
        returns the index of the maximum of $xs
        finds where the largest value of a list is
        computes the argmax of a list
        gives the position of the biggest element
        gets the index of the max value of a list
        tells at which position the largest element is
    """,
    about="""
        the index of the maximum
        the argmax of a list
    """,
    held_out="""
        At what index is the largest element of my list?
        I know how to use max, but I want its position, the index.
        Find the argmax of plain Python list values.
    """,
    solutions=[
        """
        def $f($xs):
            return $xs.index(max($xs))
        """,
        """
        def $f($xs):
            best = 0
            for i in range(len($xs)):
                if $xs[i] > $xs[best]:
                    best = i
            return best
        """,
        """
        def $f($xs):
            return max(range(len($xs)), key=lambda i: $xs[i])
        """,
    ],
    cases="""
        [1, 5, 3] -> 1
        [9] -> 0
        [-3, -2, -1] -> 2
        [8, 2, 8] -> 0
    """,
)
