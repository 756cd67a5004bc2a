"""Divisors that numbers share."""

from exercises.declare import NUMBER, exercise

GCD = exercise(
    "gcd",
    f="gcd greatest_common_divisor find_gcd common_divisor euclid",
    a="a m x first p",
    b="b n y second q",
    does="""
        computes the greatest common divisor of two numbers
        returns the greatest common divisor of $a and $b
        finds the GCD of two numbers
        calculates the gcd of two integers
        implements Euclid's algorithm
        computes the gcd with the Euclidean algorithm
        finds the largest number that divides two integers
        gets the gcd of two numbers
        determines the biggest common divisor of two integers
    """,
    about="""
        the greatest common divisor of two numbers
        Euclid's algorithm
    """,
    held_out="""
        What is the biggest number that divides both of two integers, their GCD?
        How does Euclid's algorithm for the gcd go?
        I want the greatest common divisor of a pair of integers.
    """,
    solutions=[
        """
        def $f($a, $b):
            while $b:
                $a, $b = $b, $a % $b
            return $a
        """,
        """
        def $f($a, $b):
            if $b == 0:
                return $a
            return $f($b, $a % $b)
        """,
        """
        import math


        def $f($a, $b):
            return math.gcd($a, $b)
        """,
    ],
    cases="""
        12, 18 -> 6
        7, 5 -> 1
        10, 5 -> 5
        0, 4 -> 4
        48, 36 -> 12
    """,
)

LCM = exercise(
    "lcm",
    f="lcm least_common_multiple find_lcm common_multiple lowest_multiple",
    a="a m x first p",
    b="b n y second q",
    does="""
        computes the least common multiple of two numbers
        returns the least common multiple of $a and $b
        finds the LCM of two numbers
        calculates the lcm of two integers
        finds the smallest number that two integers divide
        computes the lowest common multiple of two integers
        gets the lcm of two numbers
        determines the smallest common multiple of two integers
    """,
    about="""
        the least common multiple of two numbers
        the lcm of two integers
    """,
    held_out="""
        What is the smallest multiple that two integers share, their LCM?
        How do I work out the lcm of 4 and 6?
        I want the least common multiple of a pair of integers.
    """,
    solutions=[
        """
        import math


        def $f($a, $b):
            return $a * $b // math.gcd($a, $b)
        """,
        """
        def $f($a, $b):
            multiple = $a
            while multiple % $b != 0:
                multiple += $a
            return multiple
        """,
        """
        import math


        def $f($a, $b):
            return math.lcm($a, $b)
        """,
    ],
    cases="""
        4, 6 -> 12
        3, 5 -> 15
        2, 8 -> 8
        7, 7 -> 7
    """,
)

DIVISORS = exercise(
    "divisors",
    f="divisors find_divisors get_divisors factors list_factors",
    n=NUMBER,
    does="""
        returns all divisors of a number
        finds the divisors of a number
        lists the divisors of $n
        returns a list of the factors of an integer
        computes all factors of a number
        finds all numbers that divide $n
        gets every divisor of a number
        determines by which numbers an integer is divisible
        collects the factors of a number in a list
    """,
    about="""
        the divisors of a number
        a list of the factors of an integer
    """,
    held_out="""
        Which numbers divide a given integer? All divisors in a list.
        How can I list every factor of 12?
        From 1 to the number itself, give me its divisors.
    """,
    solutions=[
        """
        def $f($n):
            return [i for i in range(1, $n + 1) if $n % i == 0]
        """,
        """
        def $f($n):
            result = []
            for i in range(1, $n + 1):
                if $n % i == 0:
                    result.append(i)
            return result
        """,
        """
        def $f($n):
            return list(filter(lambda i: $n % i == 0, range(1, $n + 1)))
        """,
    ],
    cases="""
        12 -> [1, 2, 3, 4, 6, 12]
        1 -> [1]
        7 -> [1, 7]
        16 -> [1, 2, 4, 8, 16]
    """,
)
