"""Small decisions and sums on single numbers."""

from exercises.declare import NUMBER, exercise

IS_EVEN = exercise(
    "is_even",
    f="is_even even check_even is_even_number divisible_by_two",
    n=NUMBER,
    does="""
        checks whether a number is even
        checks if a number is even
        tests if $n is even
        returns True if a number is even
        determines whether an integer is even
        tells whether a number is divisible by two
        finds out if an integer is even or odd
        decides if a number can be halved without remainder
    """,
    about="""
        checking whether a number is even
        an even number check
    """,
    held_out="""
        Is an integer even? True or False.
        How can I tell even numbers from odd ones, True for even?
        Find out whether a single number can be divided by two, i.e. is even.
    """,
    solutions=[
        """
        def $f($n):
            return $n % 2 == 0
        """,
        """
        def $f($n):
            if $n % 2 == 0:
                return True
            return False
        """,
        """
        def $f($n):
            return not $n % 2
        """,
    ],
    cases="""
        2 -> True
        3 -> False
        0 -> True
        -1 -> False
        100 -> True
    """,
)

CLAMP = exercise(
    "clamp",
    f="clamp limit clip bound restrict",
    x=NUMBER,
    low="low lower minimum lo start",
    high="high upper maximum hi end",
    does="""
        clamps a number between two bounds
        clamps $x between $low and $high
        limits a number to a range
        keeps a value between a minimum and a maximum
        restricts a number to the range from $low to $high
        clips a value to a lower and an upper bound
        makes sure that a number is neither too small nor too large
        forces a value into a range, from a lower to an upper limit
    """,
    about="""
        clamping a number
        limiting a number to a range
    """,
    held_out="""
        How do I keep a number inside a range, so clamp it?
        Values below the lower bound become the lower bound, values above the upper one the upper.
        Clamp a value, please, with min and max as arguments.
    """,
    solutions=[
        """
        def $f($x, $low, $high):
            return max($low, min($x, $high))
        """,
        """
        def $f($x, $low, $high):
            if $x < $low:
                return $low
            if $x > $high:
                return $high
            return $x
        """,
        """
        def $f($x, $low, $high):
            return sorted([$low, $x, $high])[1]
        """,
    ],
    cases="""
        5, 1, 10 -> 5
        -5, 1, 10 -> 1
        15, 1, 10 -> 10
        1, 1, 10 -> 1
    """,
)

POWER = exercise(
    "power",
    f="power pow_of raise_to exponentiate to_the_power",
    a="base x a number value",
    n="exponent n e p times",
    does="""
        raises a number to a power
        computes $a to the power of $n
        calculates the power of a number
        returns a number raised to an exponent
        computes a power by repeated multiplication
        multiplies a number by itself a given number of times
        gets the result of a base with an exponent
        calculates $a ** $n
    """,
    about="""
        raising a number to a power
        a power of a number
    """,
    held_out="""
        What is x to the power of n?
        How can I raise 2 to the 10th power or any base to any exponent?
        Exponentiation, please: base and exponent are the arguments.
    """,
    solutions=[
        """
        def $f($a, $n):
            return $a**$n
        """,
        """
        def $f($a, $n):
            result = 1
            for _ in range($n):
                result *= $a
            return result
        """,
        """
        def $f($a, $n):
            if $n == 0:
                return 1
            return $a * $f($a, $n - 1)
        """,
    ],
    cases="""
        2, 10 -> 1024
        5, 0 -> 1
        3, 3 -> 27
        -2, 3 -> -8
        7, 1 -> 7
    """,
)

FIZZBUZZ = exercise(
    "fizzbuzz",
    f="fizzbuzz fizz_buzz play_fizzbuzz get_fizzbuzz fizzbuzz_value",
    n=NUMBER,
    does="""
        implements FizzBuzz for one number
        returns Fizz, Buzz, FizzBuzz or the number as a string
        plays FizzBuzz
        solves FizzBuzz for $n
        returns the FizzBuzz word of a number
        returns Fizz for multiples of 3 and Buzz for multiples of 5
        says Fizz, Buzz or FizzBuzz for a number
        decides between Fizz, Buzz, FizzBuzz and the number itself
    """,
    about="""
        FizzBuzz
        the FizzBuzz game
    """,
    held_out="""
        FizzBuzz came up in my interview, how would you solve it for one number?
        Multiples of three are Fizz, of five Buzz, of both FizzBuzz, else the number as text.
        Do the FizzBuzz thing for a single integer.
    """,
    solutions=[
        """
        def $f($n):
            if $n % 15 == 0:
                return "FizzBuzz"
            if $n % 3 == 0:
                return "Fizz"
            if $n % 5 == 0:
                return "Buzz"
            return str($n)
        """,
        """
        def $f($n):
            result = ""
            if $n % 3 == 0:
                result += "Fizz"
            if $n % 5 == 0:
                result += "Buzz"
            return result or str($n)
        """,
    ],
    cases="""
        3 -> "Fizz"
        5 -> "Buzz"
        15 -> "FizzBuzz"
        7 -> "7"
        30 -> "FizzBuzz"
    """,
)
