"""Numbers in other notations, and sequences of numbers."""

from exercises.declare import NUMBER, exercise

TO_BINARY = exercise(
    "to_binary",
    f="to_binary decimal_to_binary binary int_to_binary as_binary",
    n=NUMBER,
    does="""
        converts a number to binary
        converts a decimal number to a binary string
        returns the binary representation of $n
        turns an integer into a string of binary digits
        writes a number in binary
        returns $n as a binary string
        gets the binary digits of an integer
        changes a number from base 10 to base 2
        shows an integer in base 2
    """,
    about="""
        converting a number to binary
        the binary representation of a number
    """,
    held_out="""
        How is 10 written in binary? I want "1010" as a string.
        What does an integer look like in base 2, without the 0b?
        Change decimal integers to binary.
    """,
    solutions=[
        """
        def $f($n):
            return bin($n)[2:]
        """,
        """
        def $f($n):
            if $n == 0:
                return "0"
            digits = ""
            while $n > 0:
                digits = str($n % 2) + digits
                $n //= 2
            return digits
        """,
        """
        def $f($n):
            return format($n, "b")
        """,
    ],
    cases="""
        10 -> "1010"
        0 -> "0"
        1 -> "1"
        255 -> "11111111"
    """,
)

FROM_BINARY = exercise(
    "from_binary",
    f="from_binary binary_to_decimal parse_binary binary_to_int to_decimal",
    s="binary bits text s string",
    does="""
        converts a binary string to a number
        converts a binary string to decimal
        turns binary digits into an integer
        returns the integer that a binary string stands for
        parses $s as a binary number
        reads a string of zeros and ones as a number
        gets the value of a binary number given as a string
        changes a number from base 2 to base 10
        decodes a string of bits to an integer
    """,
    about="""
        converting binary to decimal
        the decimal value of a binary string
    """,
    held_out="""
        Which integer does "1010" stand for in binary?
        How do I go from a binary string back to a decimal integer?
        I have zeros and ones in a string and need the number, from binary.
    """,
    solutions=[
        """
        def $f($s):
            return int($s, 2)
        """,
        """
        def $f($s):
            result = 0
            for bit in $s:
                result = result * 2 + int(bit)
            return result
        """,
        """
        def $f($s):
            return sum(2**i for i, bit in enumerate(reversed($s)) if bit == "1")
        """,
    ],
    cases="""
        "1010" -> 10
        "0" -> 0
        "1" -> 1
        "11111111" -> 255
    """,
)

TO_ROMAN = exercise(
    "to_roman",
    f="to_roman int_to_roman roman roman_numeral as_roman",
    n=NUMBER,
    does="""
        converts a number to Roman numerals
        converts an integer to a Roman numeral
        returns $n as a Roman numeral
        turns a number into Roman numerals
        writes an integer in Roman numerals
        gets the Roman numeral for a number
        shows a number the way the Romans wrote it
    """,
    about="""
        converting a number to Roman numerals
        Roman numerals
    """,
    held_out="""
        How would the Romans have written a number, say 14 as "XIV"?
        I need years as Roman numerals.
        Translate integers to Roman numerals for a clock face, so only up to 39.
    """,
    solutions=[
        """
        def $f($n):
            sizes = [10, 9, 5, 4, 1]
            symbols = ["X", "IX", "V", "IV", "I"]
            result = ""
            for size, symbol in zip(sizes, symbols):
                while $n >= size:
                    result += symbol
                    $n -= size
            return result
        """,
        """
        def $f($n):
            result = ""
            for size, symbol in [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]:
                result += symbol * ($n // size)
                $n %= size
            return result
        """,
    ],
    cases="""
        1 -> "I"
        4 -> "IV"
        9 -> "IX"
        14 -> "XIV"
        38 -> "XXXVIII"
    """,
)

COLLATZ = exercise(
    "collatz",
    f="collatz collatz_steps count_collatz collatz_length steps_to_one",
    n=NUMBER,
    does="""
        counts the steps of the Collatz sequence
        returns the number of Collatz steps until $n is 1
        computes how many steps the Collatz sequence takes to reach 1
        counts how often a number is halved or tripled until it is 1
    """,
    about="""
        counting Collatz steps
        the length of a Collatz sequence
    """,
    held_out="""
        How many steps does the Collatz sequence take from a number down to 1?
        Halve even numbers, make odd ones 3n + 1, and count until 1 is reached.
        I'm curious about the Collatz conjecture: count the steps for an integer.
    """,
    solutions=[
        """
        def $f($n):
            steps = 0
            while $n != 1:
                $n = $n // 2 if $n % 2 == 0 else 3 * $n + 1
                steps += 1
            return steps
        """,
        """
        def $f($n):
            if $n == 1:
                return 0
            if $n % 2 == 0:
                return 1 + $f($n // 2)
            return 1 + $f(3 * $n + 1)
        """,
    ],
    cases="""
        1 -> 0
        2 -> 1
        6 -> 8
        27 -> 111
    """,
    unseen=True,
)

MULTIPLICATION_TABLE = exercise(
    "multiplication_table",
    f="times_table multiplication_table table multiples_of get_table",
    n=NUMBER,
    constants={"m": "5 10 12"},
    does="""
        returns the multiplication table of a number up to $m
        creates a list of the first $m multiples of a number
        returns the first $m multiples of $n
        makes the times table of $n up to $m
        lists the multiples of a number from 1 to $m times it
        computes a times table with $m entries
        gets a table of $m multiples of a number
        multiplies a number by 1, 2, 3 and so on up to $m
    """,
    about="""
        the multiplication table of a number up to $m
        the first $m multiples of a number
    """,
    held_out="""
        What is the times table of 7, with $m entries?
        My daughter learns multiplication tables, each with $m rows. Give me one as a list.
        Get the first $m multiples for any number.
    """,
    solutions=[
        """
        def $f($n):
            return [$n * i for i in range(1, $m + 1)]
        """,
        """
        def $f($n):
            result = []
            for i in range(1, $m + 1):
                result.append($n * i)
            return result
        """,
        """
        def $f($n):
            return list(range($n, $n * $m + 1, $n))
        """,
    ],
    cases="""
        1 -> [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12][:$m]
        7 -> [7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84][:$m]
        3 -> [3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36][:$m]
    """,
)
