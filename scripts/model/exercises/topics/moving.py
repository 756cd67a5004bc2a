"""Lists turned, with their elements in another order."""

from exercises.declare import MIXED, exercise

ROTATE = exercise(
    "rotate",
    f="rotate_left rotate shift_left rotate_list turn",
    xs=MIXED,
    k="k n steps count places",
    does="""
        rotates a list to the left
        rotates a list to the left by $k positions
        shifts the elements of $xs to the left by $k
        moves the first $k elements of a list to its end
        rotates $xs left by a number of places
        performs a left rotation of a list
        turns a list to the left, so that the front moves to the back
        takes $k elements off the front of a list and adds them at the back
    """,
    about="""
        rotating a list to the left
        a left rotation of a list
    """,
    held_out="""
        How do I rotate a list left by k, so that what falls off appears at the end?
        Left rotation for a list, with the number of steps as the second argument.
        Take some elements from the front and put them at the end, in other words rotate left.
    """,
    solutions=[
        """
        def $f($xs, $k):
            return $xs[$k:] + $xs[:$k]
        """,
        """
        def $f($xs, $k):
            result = list($xs)
            for _ in range($k):
                result.append(result.pop(0))
            return result
        """,
        """
        from collections import deque


        def $f($xs, $k):
            result = deque($xs)
            result.rotate(-$k)
            return list(result)
        """,
    ],
    cases="""
        [1, 2, 3, 4], 1 -> [2, 3, 4, 1]
        [1, 2, 3], 0 -> [1, 2, 3]
        [1, 2, 3, 4, 5], 3 -> [4, 5, 1, 2, 3]
        ["a", "b"], 2 -> ["a", "b"]
    """,
)

REVERSE_LIST = exercise(
    "reverse_list",
    f="reverse_list reversed_list backwards flip_list turn_around",
    xs=MIXED,
    does="""
        reverses a list
        returns a list in reverse order
        reverses the order of $xs
        returns the elements of a list from last to first
        turns a list around
        gives back a list backwards
        gives the elements of a list in the opposite order
        flips a list, last element first
    """,
    about="""
        reversing a list
        a list in reverse order
    """,
    held_out="""
        How can I have my list the other way round, last element first?
        [1, 2, 3] should become [3, 2, 1], reverse it.
        What is the way to reverse lists?
    """,
    solutions=[
        """
        def $f($xs):
            return $xs[::-1]
        """,
        """
        def $f($xs):
            result = []
            for x in $xs:
                result.insert(0, x)
            return result
        """,
        """
        def $f($xs):
            return list(reversed($xs))
        """,
    ],
    cases="""
        [1, 2, 3] -> [3, 2, 1]
        [] -> []
        ["a", "b"] -> ["b", "a"]
    """,
    in_place=True,
)

MOVE_ZEROS = exercise(
    "move_zeros",
    f="move_zeros zeros_to_end push_zeros move_zeros_to_end zeros_last",
    xs="numbers values items nums data",
    does="""
        moves all zeros of a list to the end
        moves the zeros in $xs to the end
        puts all zeros at the end of a list
        pushes the zeros of a list to the back
        returns a list with its zeros moved to the end
        keeps the order of a list but places the zeros last
        lets zeros sink to the right of a list
    """,
    about="""
        moving zeros to the end of a list
        a list with all zeros at the end
    """,
    held_out="""
        All zeros in a list should go to the end, while the rest stay in order.
        How do I turn [0, 1, 0, 2] into [1, 2, 0, 0]? The zeros move to the back.
        Shift zeros to the end of my list.
    """,
    solutions=[
        """
        def $f($xs):
            rest = [x for x in $xs if x != 0]
            return rest + [0] * (len($xs) - len(rest))
        """,
        """
        def $f($xs):
            result = []
            zeros = []
            for x in $xs:
                if x == 0:
                    zeros.append(x)
                else:
                    result.append(x)
            return result + zeros
        """,
        """
        def $f($xs):
            return sorted($xs, key=lambda x: x == 0)
        """,
    ],
    cases="""
        [0, 1, 0, 2] -> [1, 2, 0, 0]
        [] -> []
        [0, 0] -> [0, 0]
        [3, 1, 2] -> [3, 1, 2]
        [0, 3, 1] -> [3, 1, 0]
    """,
    in_place=True,
)
