"""Primes."""

from exercises.declare import NUMBER, exercise

IS_PRIME = exercise(
    "is_prime",
    f="is_prime prime check_prime is_prime_number test_prime",
    n=NUMBER,
    does="""
        checks whether a number is prime
        checks if a number is a prime number
        tests if $n is prime
        returns True if a number is prime
        determines whether an integer is a prime number
        tells whether a number has no divisors but 1 and itself
        performs a primality test
        finds out if a number is prime
        recognizes prime numbers
        decides if an integer is a prime
    """,
    about="""
        a prime number check
        checking whether a number is prime
    """,
    held_out="""
        Is a given integer prime or not?
        How can one find out that 97 is a prime number?
        I need a primality test, nothing fancy.
    """,
    solutions=[
        """
        def $f($n):
            if $n < 2:
                return False
            for i in range(2, int($n**0.5) + 1):
                if $n % i == 0:
                    return False
            return True
        """,
        """
        def $f($n):
            return $n > 1 and all($n % i for i in range(2, $n))
        """,
        """
        def $f($n):
            if $n < 2:
                return False
            i = 2
            while i * i <= $n:
                if $n % i == 0:
                    return False
                i += 1
            return True
        """,
    ],
    cases="""
        2 -> True
        1 -> False
        0 -> False
        9 -> False
        97 -> True
        91 -> False
        4 -> False
    """,
)

PRIMES_UP_TO = exercise(
    "primes_up_to",
    f="primes_up_to get_primes find_primes list_primes sieve",
    n="limit n end maximum upper",
    does="""
        returns all prime numbers up to a limit
        finds all primes up to $n
        lists the prime numbers up to a given number
        generates a list of primes up to $n
        returns a list of all primes not larger than a number
        computes the primes up to a limit
        implements the sieve of Eratosthenes
        gets every prime number up to and including $n
        collects all the primes below a bound
    """,
    about="""
        a list of prime numbers up to a limit
        all primes up to $n
    """,
    held_out="""
        Which prime numbers are there up to a limit?
        How do I get a list with every prime up to 100 or another bound?
        I'd like all of the primes up to some n, say by the sieve of Eratosthenes.
    """,
    solutions=[
        """
        def $f($n):
            found = []
            for i in range(2, $n + 1):
                if all(i % p for p in found):
                    found.append(i)
            return found
        """,
        """
        def $f($n):
            marks = [True] * ($n + 1)
            result = []
            for i in range(2, $n + 1):
                if marks[i]:
                    result.append(i)
                    for j in range(i * i, $n + 1, i):
                        marks[j] = False
            return result
        """,
        """
        def $f($n):
            return [i for i in range(2, $n + 1) if all(i % j for j in range(2, i))]
        """,
    ],
    cases="""
        10 -> [2, 3, 5, 7]
        2 -> [2]
        1 -> []
        30 -> [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    """,
)

PRIME_FACTORS = exercise(
    "prime_factors",
    f="prime_factors factorize prime_factorization factor get_prime_factors",
    n=NUMBER,
    does="""
        returns the prime factors of a number
        finds the prime factors of $n
        computes the prime factorization of a number
        splits an integer into its prime factors
        lists the prime factors of a number
        decomposes a number into primes
        gets the primes that a number is the product of
        factors an integer into primes
    """,
    about="""
        the prime factors of a number
        a prime factorization
    """,
    held_out="""
        Which primes multiply to a given integer? Its prime factors, repeated ones too.
        How do I factor 12 into 2, 2 and 3, that is into prime factors?
        Prime factorization of an integer as a list.
    """,
    solutions=[
        """
        def $f($n):
            result = []
            divisor = 2
            while $n > 1:
                while $n % divisor == 0:
                    result.append(divisor)
                    $n //= divisor
                divisor += 1
            return result
        """,
        """
        def $f($n):
            for i in range(2, $n + 1):
                if $n % i == 0:
                    return [i] + $f($n // i)
            return []
        """,
    ],
    cases="""
        12 -> [2, 2, 3]
        7 -> [7]
        1 -> []
        60 -> [2, 2, 3, 5]
        49 -> [7, 7]
    """,
)
