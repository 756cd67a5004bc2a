"""Lists within lists, and the Tower of Hanoi."""

from exercises.declare import exercise

HANOI = exercise(
    "hanoi",
    f="hanoi hanoi_moves count_moves tower_of_hanoi towers",
    n="n disks discs count height",
    does="""
        counts the moves needed to solve the Tower of Hanoi
        returns the number of moves for the Tower of Hanoi with $n disks
        computes how many moves the Towers of Hanoi take
        calculates the number of moves to solve Hanoi with $n disks
        solves the Tower of Hanoi and returns the number of moves
        gets the number of moves in the Towers of Hanoi puzzle
        tells how many steps the Tower of Hanoi takes
    """,
    about="""
        the number of moves in the Tower of Hanoi
        counting Tower of Hanoi moves
    """,
    held_out="""
        How many moves does it take to solve the Towers of Hanoi?
        With n discs, what number of steps does the Hanoi puzzle need?
        Compute the count of Hanoi moves for a tower.
    """,
    solutions=[
        """
        def $f($n):
            if $n == 0:
                return 0
            return 2 * $f($n - 1) + 1
        """,
        """
        def $f($n):
            return 2**$n - 1
        """,
        """
        def $f($n):
            moves = 0
            for _ in range($n):
                moves = 2 * moves + 1
            return moves
        """,
    ],
    cases="""
        0 -> 0
        1 -> 1
        3 -> 7
        10 -> 1023
    """,
)

DEEP_FLATTEN = exercise(
    "deep_flatten",
    f="deep_flatten flatten_deep flatten_all flatten_nested unnest_all",
    xs="nested items tree data values",
    does="""
        flattens a deeply nested list
        flattens a list of any depth by recursion
        flattens nested lists of any depth
        returns all elements of a deeply nested list in one list
        flattens $xs recursively
        unpacks lists inside lists at every level
        makes a nested list flat, however deep it is
    """,
    about="""
        flattening a deeply nested list
        a recursive flatten
    """,
    held_out="""
        My list has lists in lists in lists. How do I flatten it completely?
        Recursively flatten something like [1, [2, [3]]].
        Any depth of nesting should be removed from a list.
    """,
    solutions=[
        """
        def $f($xs):
            result = []
            for x in $xs:
                if isinstance(x, list):
                    result.extend($f(x))
                else:
                    result.append(x)
            return result
        """,
        """
        def $f($xs):
            if not isinstance($xs, list):
                return [$xs]
            return [x for part in $xs for x in $f(part)]
        """,
    ],
    cases="""
        [1, [2, [3, [4]]]] -> [1, 2, 3, 4]
        [] -> []
        [[[]], [1]] -> [1]
        [1, 2] -> [1, 2]
    """,
)

NESTING_DEPTH = exercise(
    "nesting_depth",
    f="nesting_depth depth list_depth max_depth count_levels",
    xs="nested items tree data values",
    does="""
        returns the depth of a nested list
        computes how deeply a list is nested
        finds the nesting depth of $xs
        calculates the maximum depth of nested lists
        counts the levels of a nested list
        gets the number of levels of a nested list
        tells how deep lists are inside one another
    """,
    about="""
        the depth of a nested list
        the nesting depth
    """,
    held_out="""
        How deep is a list nested? [1] has depth one, [[1]] two.
        I want to know the number of levels that a nested list has.
        Measure the nesting depth for lists within lists.
    """,
    solutions=[
        """
        def $f($xs):
            if not isinstance($xs, list):
                return 0
            return 1 + max([$f(x) for x in $xs], default=0)
        """,
        """
        def $f($xs):
            deepest = 0
            for x in $xs:
                if isinstance(x, list):
                    deepest = max(deepest, $f(x))
            return deepest + 1
        """,
    ],
    cases="""
        [1] -> 1
        [] -> 1
        [[1]] -> 2
        [1, [2, [3]], [4]] -> 3
    """,
)
