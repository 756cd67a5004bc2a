"""Lists treated as sets, and sorted lists merged."""

from exercises.declare import MIXED, exercise

REMOVE_DUPLICATES = exercise(
    "remove_duplicates",
    f="remove_duplicates unique deduplicate drop_duplicates without_duplicates",
    xs=MIXED,
    does="""
        removes duplicates from a list
        removes duplicate elements but keeps the order
        returns the unique elements of a list in order
        deletes repeated items from $xs
        returns a list without duplicates
        keeps only the first occurrence of each element of a list
        drops elements that are already in the list
        makes a list unique but keeps its order
        gets rid of repeated elements
    """,
    about="""
        removing duplicates from a list
        the unique elements of a list
    """,
    held_out="""
        Some items are in my list twice. How do I get rid of the duplicates?
        Every element should be there once only, and the order must stay.
        Deduplicate a list while preserving order.
    """,
    solutions=[
        """
        def $f($xs):
            result = []
            for x in $xs:
                if x not in result:
                    result.append(x)
            return result
        """,
        """
        def $f($xs):
            return list(dict.fromkeys($xs))
        """,
        """
        def $f($xs):
            seen = set()
            result = []
            for x in $xs:
                if x not in seen:
                    seen.add(x)
                    result.append(x)
            return result
        """,
    ],
    cases="""
        [1, 2, 1, 3, 2] -> [1, 2, 3]
        [] -> []
        ["b", "a", "b"] -> ["b", "a"]
        [3, 2, 1] -> [3, 2, 1]
    """,
)

COMMON_ELEMENTS = exercise(
    "common_elements",
    f="common_elements intersection common shared_items in_both",
    a="a first left list1 xs",
    b="b second right list2 ys",
    does="""
        finds the common elements of two lists
        returns the elements that two lists have in common
        returns the intersection of two lists
        computes the intersection of $a and $b
        lists the items that are in both lists
        finds the values shared by two lists
        gets the items that occur in both of two lists
        keeps the elements of one list that are in another as well
        computes what two lists share
    """,
    about="""
        the intersection of two lists
        the common elements of two lists
    """,
    held_out="""
        Which elements are in both of my two lists?
        Given two lists, what do they have in common?
        Intersect two lists, please.
    """,
    solutions=[
        """
        def $f($a, $b):
            return [x for x in $a if x in $b]
        """,
        """
        def $f($a, $b):
            return list(set($a) & set($b))
        """,
        """
        def $f($a, $b):
            result = []
            for x in $a:
                if x in $b:
                    result.append(x)
            return result
        """,
    ],
    cases="""
        [1, 2, 3], [2, 3, 4] -> [2, 3]
        [1, 2], [3] -> []
        [], [1] -> []
        ["a", "b"], ["b", "a"] -> ["a", "b"]
    """,
    any_order=True,
)

DIFFERENCE = exercise(
    "difference",
    f="difference list_difference only_in_first subtract_lists not_in_second",
    a="a first left list1 xs",
    b="b second right list2 ys",
    does="""
        returns the difference of two lists
        returns the elements of the first list that are not in the second
        finds the items that are in $a but not in $b
        computes the difference of two lists
        removes the elements of one list from another
        lists the values that only the first list has
        gets the elements of one list without those of another
        leaves out of a list whatever a second list contains
    """,
    about="""
        the difference of two lists
        the elements that are in one list but not in another
    """,
    held_out="""
        Which elements are in my first list but missing from the second?
        Subtract one list from another, leaving what is not in the second.
        What is the difference between two lists, as a list?
    """,
    solutions=[
        """
        def $f($a, $b):
            return [x for x in $a if x not in $b]
        """,
        """
        def $f($a, $b):
            result = []
            for x in $a:
                if x not in $b:
                    result.append(x)
            return result
        """,
        """
        def $f($a, $b):
            return list(set($a) - set($b))
        """,
    ],
    cases="""
        [1, 2, 3], [2] -> [1, 3]
        [1, 2], [2, 1] -> []
        [], [1] -> []
        ["a", "b"], [] -> ["a", "b"]
    """,
    any_order=True,
)

MERGE_SORTED = exercise(
    "merge_sorted",
    f="merge_sorted merge merge_lists merge_sorted_lists combine_sorted",
    a="a first left list1 xs",
    b="b second right list2 ys",
    does="""
        merges two sorted lists
        merges two sorted lists into one sorted list
        combines $a and $b into a sorted list
        returns one sorted list made from two sorted lists
        joins two sorted lists and keeps the order
        takes two sorted lists and makes one sorted list of them
        puts two ordered lists together into an ordered list
    """,
    about="""
        merging two sorted lists
        a merge of two sorted lists
    """,
    held_out="""
        I have two lists, both sorted already, and want a single sorted one.
        How are two sorted lists merged?
        Given sorted inputs [1, 4] and [2, 3], merge them to [1, 2, 3, 4].
    """,
    solutions=[
        """
        def $f($a, $b):
            result = []
            i = j = 0
            while i < len($a) and j < len($b):
                if $a[i] <= $b[j]:
                    result.append($a[i])
                    i += 1
                else:
                    result.append($b[j])
                    j += 1
            return result + $a[i:] + $b[j:]
        """,
        """
        def $f($a, $b):
            return sorted($a + $b)
        """,
        """
        import heapq


        def $f($a, $b):
            return list(heapq.merge($a, $b))
        """,
    ],
    cases="""
        [1, 4], [2, 3] -> [1, 2, 3, 4]
        [], [1] -> [1]
        [1, 1], [] -> [1, 1]
        [5, 6], [1, 2, 7] -> [1, 2, 5, 6, 7]
    """,
)
