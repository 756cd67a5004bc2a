"""Years, months and clocks."""

from exercises.declare import exercise

IS_LEAP_YEAR = exercise(
    "is_leap_year",
    f="is_leap_year leap_year is_leap check_leap_year leap",
    y="year y n value number",
    does="""
        checks whether a year is a leap year
        checks if a year is a leap year
        tests if $y is a leap year
        returns True if a year is a leap year
        determines whether a year has 366 days
        tells whether February has 29 days in a year
        finds out if a year is a leap year
        decides if a year has a 29th of February
    """,
    about="""
        a leap year check
        checking for leap years
    """,
    held_out="""
        Is a certain year a leap year?
        Was 1900 a leap year? How do I find that out for any year?
        Given a year, does it have 366 days?
    """,
    solutions=[
        """
        def $f($y):
            return $y % 4 == 0 and ($y % 100 != 0 or $y % 400 == 0)
        """,
        """
        def $f($y):
            if $y % 400 == 0:
                return True
            if $y % 100 == 0:
                return False
            return $y % 4 == 0
        """,
        """
        import calendar


        def $f($y):
            return calendar.isleap($y)
        """,
    ],
    cases="""
        2024 -> True
        2023 -> False
        1900 -> False
        2000 -> True
    """,
)

DAYS_IN_MONTH = exercise(
    "days_in_month",
    f="days_in_month month_length month_days get_days last_day",
    y="year y yr current_year when",
    m="month m mon number current_month",
    does="""
        returns the number of days in a month
        computes how many days a month has
        finds the number of days in $m of $y
        returns the length of a month in days
        tells how many days a month of a given year has
        gets the length of a month of a year
        determines whether a month has 28, 29, 30 or 31 days
    """,
    about="""
        the number of days in a month
        the length of a month
    """,
    held_out="""
        How many days does a month have? Year and month are given as numbers.
        I want to know how long February is in any year, in days.
        What is the number of the last day in a month?
    """,
    solutions=[
        """
        import calendar


        def $f($y, $m):
            return calendar.monthrange($y, $m)[1]
        """,
        """
        def $f($y, $m):
            if $m == 2:
                leap = $y % 4 == 0 and ($y % 100 != 0 or $y % 400 == 0)
                return 29 if leap else 28
            return 30 if $m in (4, 6, 9, 11) else 31
        """,
    ],
    cases="""
        2024, 2 -> 29
        2023, 2 -> 28
        2023, 4 -> 30
        2023, 12 -> 31
        1900, 2 -> 28
        2000, 2 -> 29
        2024, 5 -> 31
        2024, 6 -> 30
        2024, 7 -> 31
        2024, 8 -> 31
        2024, 9 -> 30
        2024, 11 -> 30
    """,
)

FORMAT_SECONDS = exercise(
    "format_seconds",
    f="format_seconds seconds_to_minutes to_minutes format_time minutes_and_seconds",
    s="seconds s total time n",
    does="""
        converts seconds to minutes and seconds
        returns seconds as a tuple of minutes and seconds
        splits a number of seconds into minutes and seconds
        turns $s into minutes and remaining seconds
        computes the minutes and seconds of a duration in seconds
        gets whole minutes and the seconds that remain
        divides seconds into minutes and seconds
    """,
    about="""
        converting seconds to minutes and seconds
        seconds as minutes and seconds
    """,
    held_out="""
        How many minutes and seconds are 125 seconds? Give me a tuple (2, 5).
        I have a duration in seconds and want minutes plus the rest in seconds, as a tuple.
        Break seconds down to (minutes, seconds).
    """,
    solutions=[
        """
        def $f($s):
            return $s // 60, $s % 60
        """,
        """
        def $f($s):
            return divmod($s, 60)
        """,
        """
        def $f($s):
            minutes = $s // 60
            return minutes, $s - minutes * 60
        """,
    ],
    cases="""
        125 -> (2, 5)
        0 -> (0, 0)
        59 -> (0, 59)
        3600 -> (60, 0)
    """,
)
