"""Sorting by divide and conquer."""

from exercises.declare import LISTS, exercise

QUICK_SORT = exercise(
    "quick_sort",
    f="quick_sort quicksort quick_sort_list sort_quickly",
    xs=LISTS,
    does="""
        performs quicksort
        performs a quick sort on a list
        sorts a list with quicksort
        sorts a list using the quick sort algorithm
        implements quicksort
        orders a list of numbers with quick sort
        uses quicksort to put a list in order
        sorts $xs around a pivot
        picks a pivot and sorts the smaller and larger items of a list by recursion
        uses the quicksort method to sort numbers
        sorts an array with quicksort
    """,
    about="""
        quicksort
        the quick sort algorithm
    """,
    held_out="""
        What is the shortest quicksort you can come up with?
        Quicksort a list for me, pivot and all.
        Our course covers quick sort next week. What would the code be?
    """,
    solutions=[
        """
        def $f($xs):
            if len($xs) <= 1:
                return $xs
            pivot = $xs[0]
            left = [x for x in $xs[1:] if x < pivot]
            right = [x for x in $xs[1:] if x >= pivot]
            return $f(left) + [pivot] + $f(right)
        """,
        """
        def $f($xs):
            if len($xs) <= 1:
                return $xs
            pivot = $xs[len($xs) // 2]
            less = [x for x in $xs if x < pivot]
            same = [x for x in $xs if x == pivot]
            more = [x for x in $xs if x > pivot]
            return $f(less) + same + $f(more)
        """,
    ],
    cases="""
        [3, 1, 2] -> [1, 2, 3]
        [] -> []
        [1] -> [1]
        [8, 6, 6, 1, -3] -> [-3, 1, 6, 6, 8]
        [2, 2, 2] -> [2, 2, 2]
    """,
    in_place=True,
)

MERGE_SORT = exercise(
    "merge_sort",
    f="merge_sort mergesort merge_sort_list sort_by_merging",
    xs=LISTS,
    does="""
        performs merge sort
        performs a merge sort on a list
        sorts a list with merge sort
        sorts a list using the merge sort algorithm
        implements merge sort
        orders a list of numbers with merge sort
        uses merge sort to put a list in order
        sorts $xs by splitting it in halves and merging them
        splits a list in two, sorts both halves and merges them
        uses the merge sort method to sort numbers
        sorts an array by merge sort
    """,
    about="""
        merge sort
        the merge sort algorithm
    """,
    held_out="""
        Could someone explain merge sort with code?
        Merge sort a list for me, divide and conquer.
        For an interview I should know merge sort by heart. What does it look like?
    """,
    solutions=[
        """
        def $f($xs):
            if len($xs) <= 1:
                return $xs
            mid = len($xs) // 2
            left = $f($xs[:mid])
            right = $f($xs[mid:])
            result = []
            while left and right:
                if left[0] <= right[0]:
                    result.append(left.pop(0))
                else:
                    result.append(right.pop(0))
            return result + left + right
        """,
        """
        def $f($xs):
            if len($xs) <= 1:
                return $xs
            mid = len($xs) // 2
            left = $f($xs[:mid])
            right = $f($xs[mid:])
            result = []
            while left and right:
                half = left if left[0] <= right[0] else right
                result.append(half.pop(0))
            return result + left + right
        """,
    ],
    cases="""
        [3, 1, 2] -> [1, 2, 3]
        [] -> []
        [1] -> [1]
        [8, 6, 6, 1, -3, 7] -> [-3, 1, 6, 6, 7, 8]
        [5, 4] -> [4, 5]
    """,
    in_place=True,
)
