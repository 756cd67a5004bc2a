"""Factorials and Fibonacci numbers."""

from exercises.declare import NUMBER, exercise

FACTORIAL = exercise(
    "factorial",
    f="factorial fact compute_factorial get_factorial n_factorial",
    n=NUMBER,
    does="""
        computes the factorial of a number
        calculates the factorial of a number
        returns the factorial of $n
        finds the factorial of an integer
        works out $n factorial
        multiplies all integers from 1 to $n
        implements the factorial function
        gets the product of all whole numbers up to $n
        gives the factorial of a positive integer
    """,
    about="""
        the factorial of a number
        a factorial
    """,
    held_out="""
        What is n! for a given n? I need the factorial.
        How do you do factorials with code?
        I want 5 to give 120, the product of 1 up to 5, so a factorial.
    """,
    solutions=[
        """
        def $f($n):
            result = 1
            for i in range(2, $n + 1):
                result *= i
            return result
        """,
        """
        def $f($n):
            if $n <= 1:
                return 1
            return $n * $f($n - 1)
        """,
        """
        import math


        def $f($n):
            return math.factorial($n)
        """,
    ],
    cases="""
        0 -> 1
        1 -> 1
        5 -> 120
        10 -> 3628800
    """,
)

FIBONACCI = exercise(
    "fibonacci",
    f="fibonacci fib nth_fibonacci fibonacci_number get_fibonacci",
    n=NUMBER,
    does="""
        computes the nth Fibonacci number
        returns the nth Fibonacci number
        calculates the Fibonacci number at position $n
        finds the $n-th Fibonacci number
        implements the Fibonacci function
        gives one Fibonacci number by its index
        gets the Fibonacci number with a given index
        adds the two previous numbers again and again to get the nth Fibonacci number
    """,
    about="""
        the nth Fibonacci number
        a Fibonacci number
    """,
    held_out="""
        What is the n-th number of Fibonacci's sequence?
        How can one Fibonacci number be worked out, say the tenth?
        F(0) is 0, F(1) is 1, each other is the sum of the two before: give me Fibonacci number n.
    """,
    solutions=[
        """
        def $f($n):
            a, b = 0, 1
            for _ in range($n):
                a, b = b, a + b
            return a
        """,
        """
        def $f($n):
            if $n < 2:
                return $n
            return $f($n - 1) + $f($n - 2)
        """,
        """
        def $f($n):
            sequence = [0, 1]
            while len(sequence) <= $n:
                sequence.append(sequence[-1] + sequence[-2])
            return sequence[$n]
        """,
    ],
    cases="""
        0 -> 0
        1 -> 1
        2 -> 1
        10 -> 55
        15 -> 610
    """,
)

FIBONACCI_LIST = exercise(
    "fibonacci_list",
    f="fibonacci_list fibonacci_sequence first_fibonacci fib_list fibonacci_numbers",
    n="n count length num size",
    does="""
        returns a list of the first $n Fibonacci numbers
        generates the first $n Fibonacci numbers
        creates a list of Fibonacci numbers
        builds the Fibonacci sequence as a list of length $n
        lists the first Fibonacci numbers
        produces the Fibonacci sequence as a list
        gets several Fibonacci numbers, from the beginning, as a list
        collects Fibonacci numbers in a list until there are $n
    """,
    about="""
        a list of the first Fibonacci numbers
        the Fibonacci sequence as a list
    """,
    held_out="""
        I'd like the Fibonacci sequence as a list, the first n of them.
        How can I get the first few Fibonacci numbers in a list?
        List Fibonacci numbers, beginning with 0 and 1, as many as I ask for.
    """,
    solutions=[
        """
        def $f($n):
            result = []
            a, b = 0, 1
            for _ in range($n):
                result.append(a)
                a, b = b, a + b
            return result
        """,
        """
        def $f($n):
            sequence = [0, 1]
            while len(sequence) < $n:
                sequence.append(sequence[-1] + sequence[-2])
            return sequence[:$n]
        """,
    ],
    cases="""
        0 -> []
        1 -> [0]
        2 -> [0, 1]
        7 -> [0, 1, 1, 2, 3, 5, 8]
    """,
)
