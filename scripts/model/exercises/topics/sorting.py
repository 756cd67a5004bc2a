"""Sorting by comparing and swapping."""

from exercises.declare import LISTS, exercise

BUBBLE_SORT = exercise(
    "bubble_sort",
    f="bubble_sort bubblesort bubble_sort_list sort_list bubble",
    xs=LISTS,
    does="""
        performs bubble sort
        performs a bubble sort on a list
        sorts a list with bubble sort
        sorts a list using the bubble sort algorithm
        sorts $xs by bubble sort
        implements bubble sort
        implements the bubble sort algorithm
        orders a list of numbers with bubble sort
        uses bubble sort to put a list in order
        runs bubble sort on a list of numbers
        sorts a list by swapping adjacent elements until it is in order
        swaps neighbouring items of a list until the list is sorted
        uses the bubble sort method to sort numbers
        goes through a list again and again and swaps neighbours in the wrong order
    """,
    about="""
        bubble sort
        the bubble sort algorithm
        a bubble sort of a list
    """,
    held_out="""
        I am learning about sorting. What would bubble sort look like as Python code?
        My teacher wants us to code up bubble sort for a list of integers. How is it done?
        Got a list of unsorted numbers here, please sort it the bubble sort way.
        Take a list and return it sorted, bubble sort only, no built-in sort.
    """,
    solutions=[
        """
        def $f($xs):
            n = len($xs)
            for i in range(n):
                for j in range(n - i - 1):
                    if $xs[j] > $xs[j + 1]:
                        $xs[j], $xs[j + 1] = $xs[j + 1], $xs[j]
            return $xs
        """,
        """
        def $f($xs):
            swapped = True
            while swapped:
                swapped = False
                for i in range(len($xs) - 1):
                    if $xs[i] > $xs[i + 1]:
                        $xs[i], $xs[i + 1] = $xs[i + 1], $xs[i]
                        swapped = True
            return $xs
        """,
        """
        def $f($xs):
            result = list($xs)
            for end in range(len(result) - 1, 0, -1):
                for i in range(end):
                    if result[i] > result[i + 1]:
                        result[i], result[i + 1] = result[i + 1], result[i]
            return result
        """,
    ],
    cases="""
        [3, 1, 2] -> [1, 2, 3]
        [] -> []
        [7] -> [7]
        [5, 4, 3, 2, 1] -> [1, 2, 3, 4, 5]
        [2, 2, -1, 9, 0, -1] -> [-1, -1, 0, 2, 2, 9]
        [1, 2, 3, 10] -> [1, 2, 3, 10]
    """,
    in_place=True,
)

INSERTION_SORT = exercise(
    "insertion_sort",
    f="insertion_sort insertion_sort_list sort_by_insertion insert_sort",
    xs=LISTS,
    does="""
        performs insertion sort
        performs an insertion sort on a list
        sorts a list with insertion sort
        sorts a list using the insertion sort algorithm
        implements insertion sort
        orders a list of numbers with insertion sort
        uses insertion sort to put a list in order
        sorts $xs by inserting each element at its place
        inserts each item of a list into the sorted part before it
        uses the insertion sort method to sort numbers
        builds up a sorted list by putting in one element after another
    """,
    about="""
        insertion sort
        the insertion sort algorithm
    """,
    held_out="""
        How does insertion sort work? Show the code.
        For homework I have to sort integers by insertion sort, what would that look like?
        Sort this list for me the way insertion sort does it.
    """,
    solutions=[
        """
        def $f($xs):
            for i in range(1, len($xs)):
                key = $xs[i]
                j = i - 1
                while j >= 0 and $xs[j] > key:
                    $xs[j + 1] = $xs[j]
                    j -= 1
                $xs[j + 1] = key
            return $xs
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                i = len(result)
                while i > 0 and result[i - 1] > x:
                    i -= 1
                result.insert(i, x)
            return result
        """,
    ],
    cases="""
        [3, 1, 2] -> [1, 2, 3]
        [] -> []
        [4] -> [4]
        [9, 7, 5, 3] -> [3, 5, 7, 9]
        [0, -5, 8, 0, 2] -> [-5, 0, 0, 2, 8]
    """,
    in_place=True,
)

SELECTION_SORT = exercise(
    "selection_sort",
    f="selection_sort selection_sort_list sort_by_selection select_sort",
    xs=LISTS,
    does="""
        performs selection sort
        performs a selection sort on a list
        sorts a list with selection sort
        sorts a list using the selection sort algorithm
        implements selection sort
        orders a list of numbers with selection sort
        uses selection sort to put a list in order
        sorts $xs by selecting the smallest remaining element
        moves the smallest remaining item to the front until a list is sorted
        uses the selection sort method to sort numbers
        takes the minimum of the unsorted part of a list, again and again
    """,
    about="""
        selection sort
        the selection sort algorithm
    """,
    held_out="""
        What would selection sort look like when written by hand?
        I have to hand in selection sort tomorrow, could you write it out?
        Sort my numbers with selection sort and return them.
    """,
    solutions=[
        """
        def $f($xs):
            for i in range(len($xs)):
                smallest = i
                for j in range(i + 1, len($xs)):
                    if $xs[j] < $xs[smallest]:
                        smallest = j
                $xs[i], $xs[smallest] = $xs[smallest], $xs[i]
            return $xs
        """,
        """
        def $f($xs):
            rest = list($xs)
            result = []
            while rest:
                smallest = min(rest)
                rest.remove(smallest)
                result.append(smallest)
            return result
        """,
    ],
    cases="""
        [3, 1, 2] -> [1, 2, 3]
        [] -> []
        [6] -> [6]
        [4, 3, 2, 1] -> [1, 2, 3, 4]
        [5, -2, 5, 11, 0] -> [-2, 0, 5, 5, 11]
    """,
    in_place=True,
)
