"""Finding things in lists."""

from exercises.declare import LISTS, MIXED, exercise

LINEAR_SEARCH = exercise(
    "linear_search",
    f="linear_search find_index search index_of find_position",
    xs=MIXED,
    x="target value wanted key item",
    does="""
        performs linear search
        performs a linear search on a list
        searches a list with linear search
        implements linear search
        returns the index of $x in a list or -1
        finds the index of an item in a list, or -1 if it is missing
        finds the position of $x in $xs
        looks for a value in a list and returns its index or -1
        uses linear search to find the position of an element
        goes through a list until it finds a value and returns where it is
        gives the place of an element in an unsorted list, else -1
    """,
    about="""
        linear search
        a linear search through a list
    """,
    held_out="""
        At which index does a value sit in a list? It should be -1 when absent.
        I need linear search for my homework.
        Walk through a list and give back the index of the item I look for, else -1.
    """,
    solutions=[
        """
        def $f($xs, $x):
            for i in range(len($xs)):
                if $xs[i] == $x:
                    return i
            return -1
        """,
        """
        def $f($xs, $x):
            for i, candidate in enumerate($xs):
                if candidate == $x:
                    return i
            return -1
        """,
        """
        def $f($xs, $x):
            return $xs.index($x) if $x in $xs else -1
        """,
    ],
    cases="""
        [4, 5, 6], 5 -> 1
        [4, 5, 6], 7 -> -1
        [], 1 -> -1
        [3, 1, 3], 3 -> 0
        ["a", "b", "c"], "c" -> 2
    """,
)

BINARY_SEARCH = exercise(
    "binary_search",
    f="binary_search bsearch search_sorted binary_find find_sorted",
    xs=LISTS,
    x="target value wanted key item",
    does="""
        performs binary search
        performs a binary search on a sorted list
        searches a sorted list with binary search
        implements binary search
        implements the binary search algorithm
        uses binary search to find the index of $x
        finds an item in a sorted list by binary search
        finds the index of a value in a sorted list by halving the range
        searches a sorted list for $x and returns its index or -1
        finds a number in a sorted array with binary search
        halves a sorted list again and again to find a value
    """,
    about="""
        binary search
        the binary search algorithm
    """,
    held_out="""
        What is binary search and how do you code it?
        My list is sorted, so find a number in it by halving, -1 if it is not there.
        I must explain binary search tomorrow, can I see it?
    """,
    solutions=[
        """
        def $f($xs, $x):
            low, high = 0, len($xs) - 1
            while low <= high:
                mid = (low + high) // 2
                if $xs[mid] == $x:
                    return mid
                if $xs[mid] < $x:
                    low = mid + 1
                else:
                    high = mid - 1
            return -1
        """,
        """
        def $f($xs, $x):
            low, high = 0, len($xs)
            while low < high:
                mid = (low + high) // 2
                if $xs[mid] < $x:
                    low = mid + 1
                else:
                    high = mid
            return low if low < len($xs) and $xs[low] == $x else -1
        """,
        """
        from bisect import bisect_left


        def $f($xs, $x):
            i = bisect_left($xs, $x)
            if i < len($xs) and $xs[i] == $x:
                return i
            return -1
        """,
    ],
    cases="""
        [1, 3, 5, 7], 5 -> 2
        [1, 3, 5, 7], 1 -> 0
        [1, 3, 5, 7], 7 -> 3
        [1, 3, 5, 7], 4 -> -1
        [1, 3, 5, 7, 9], 9 -> 4
        [], 2 -> -1
    """,
)

COUNT_OCCURRENCES = exercise(
    "count_occurrences",
    f="count_occurrences count_item count_value how_often count",
    xs=MIXED,
    x="target value wanted key item",
    does="""
        counts how often an item occurs in a list
        counts the occurrences of an element in a list
        counts how many times $x appears in $xs
        returns the number of times a value is in a list
        counts a given value in a list
        returns how often $x occurs in a list
        tells how many times an element is contained in a list
        gets the number of occurrences of a value
    """,
    about="""
        counting the occurrences of an item in a list
        the number of times a value occurs in a list
    """,
    held_out="""
        How many times does a certain element show up in my list?
        I want to know how often one value occurs in a list of numbers.
        Given a list and an item, count that item's occurrences.
    """,
    solutions=[
        """
        def $f($xs, $x):
            count = 0
            for candidate in $xs:
                if candidate == $x:
                    count += 1
            return count
        """,
        """
        def $f($xs, $x):
            return $xs.count($x)
        """,
        """
        def $f($xs, $x):
            return sum(1 for candidate in $xs if candidate == $x)
        """,
    ],
    cases="""
        [1, 2, 1], 1 -> 2
        [1, 2, 1], 3 -> 0
        [], 1 -> 0
        ["a", "b", "a", "a"], "a" -> 3
    """,
)
