"""The digits of whole numbers."""

from exercises.declare import NUMBER, exercise

DIGIT_SUM = exercise(
    "digit_sum",
    f="digit_sum sum_digits sum_of_digits add_digits digits_sum",
    n=NUMBER,
    does="""
        computes the sum of the digits of a number
        sums the digits of a number
        adds up the digits of $n
        returns the digit sum of an integer
        calculates the sum of all digits of a number
        finds the sum of the digits of an integer
        gets the total of a number's digits
        adds together every digit of a number
    """,
    about="""
        the sum of the digits of a number
        a digit sum
    """,
    held_out="""
        What do the digits of a number add up to?
        I have 123 and want 1 + 2 + 3, the digit sum.
        How do I add together all the digits in an integer?
    """,
    solutions=[
        """
        def $f($n):
            return sum(int(digit) for digit in str($n))
        """,
        """
        def $f($n):
            total = 0
            while $n > 0:
                total += $n % 10
                $n //= 10
            return total
        """,
        """
        def $f($n):
            if $n < 10:
                return $n
            return $n % 10 + $f($n // 10)
        """,
    ],
    cases="""
        123 -> 6
        0 -> 0
        9 -> 9
        99999 -> 45
        1002 -> 3
    """,
)

COUNT_DIGITS = exercise(
    "count_digits",
    f="count_digits digit_count number_of_digits num_digits how_many_digits",
    n=NUMBER,
    does="""
        counts the digits of a number
        returns how many digits a number has
        returns the number of digits in $n
        counts how many digits an integer has
        finds the number of digits of an integer
        says how many digits are in an integer
        gets the length of a number in digits
    """,
    about="""
        counting the digits of a number
        the number of digits in an integer
    """,
    held_out="""
        How many digits does an integer have?
        1234 should give 4, because it has four digits. Count them.
        Tell me the number of digits of a positive integer.
    """,
    solutions=[
        """
        def $f($n):
            return len(str($n))
        """,
        """
        def $f($n):
            count = 1
            while $n >= 10:
                $n //= 10
                count += 1
            return count
        """,
        """
        def $f($n):
            if $n < 10:
                return 1
            return 1 + $f($n // 10)
        """,
    ],
    cases="""
        1234 -> 4
        0 -> 1
        7 -> 1
        100 -> 3
        99 -> 2
        999999 -> 6
    """,
)

REVERSE_NUMBER = exercise(
    "reverse_number",
    f="reverse_number reverse_digits reverse_int flip_digits reversed_number",
    n=NUMBER,
    does="""
        reverses the digits of a number
        reverses an integer
        returns $n with its digits in reverse order
        reverses the digits of $n
        returns the digits of an integer backwards as a number
        turns a number around, so that 123 becomes 321
        flips the digits of an integer
        gets the number that is written backwards
    """,
    about="""
        reversing the digits of a number
        a reversed integer
    """,
    held_out="""
        How do I get 321 out of 123, its digits reversed?
        An integer's digits in reverse order, as an integer again.
        Flip a number so that its last digit comes first, I mean reverse it.
    """,
    solutions=[
        """
        def $f($n):
            return int(str($n)[::-1])
        """,
        """
        def $f($n):
            result = 0
            while $n > 0:
                result = result * 10 + $n % 10
                $n //= 10
            return result
        """,
        """
        def $f($n):
            digits = list(str($n))
            digits.reverse()
            return int("".join(digits))
        """,
    ],
    cases="""
        123 -> 321
        0 -> 0
        7 -> 7
        1200 -> 21
    """,
)

IS_ARMSTRONG = exercise(
    "is_armstrong",
    f="is_armstrong armstrong check_armstrong is_narcissistic armstrong_number",
    n=NUMBER,
    does="""
        checks whether a number is an Armstrong number
        checks if $n is an Armstrong number
        tests for Armstrong numbers
        returns True if a number is an Armstrong number
        determines whether an integer is an Armstrong number
        tells whether a number equals the sum of its digits raised to the number of digits
        finds out if a number is an Armstrong number
        recognizes Armstrong numbers such as 153
    """,
    about="""
        an Armstrong number check
        checking for Armstrong numbers
    """,
    held_out="""
        Is 153 an Armstrong number? I want to find out for any integer.
        How are Armstrong numbers recognised?
        Given an integer, say if it is an Armstrong number, also known as narcissistic.
    """,
    solutions=[
        """
        def $f($n):
            digits = str($n)
            return $n == sum(int(d) ** len(digits) for d in digits)
        """,
        """
        def $f($n):
            total = 0
            for digit in str($n):
                total += int(digit) ** len(str($n))
            return total == $n
        """,
    ],
    cases="""
        153 -> True
        370 -> True
        9474 -> True
        10 -> False
        154 -> False
        5 -> True
    """,
)
