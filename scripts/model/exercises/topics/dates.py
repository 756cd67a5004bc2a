"""Dates, calendars and clocks. Dates are strings such as "2024-02-29", so that cases stay plain."""

from exercises.declare import exercise

DAY = "day date d text when"

DAYS_BETWEEN = exercise(
    "days_between",
    f="days_between date_difference count_days day_difference days_apart",
    a="start first a begin day1",
    b="end second b finish day2",
    does="""
        returns the number of days between two dates
        counts the days between two ISO dates
        computes how many days are between $a and $b
        calculates the difference of two dates in days
        finds the number of days from $a to $b
        subtracts two dates given as strings
        gets the distance between two dates in days
        tells how far one date is from another, in days
    """,
    about="""
        the number of days between two dates
        counting the days between two dates
    """,
    held_out="""
        How many days lie between two dates such as "2024-01-01" and "2024-03-01"?
        I want to know how many days it is from one date until another.
        Difference between two dates, in days.
    """,
    solutions=[
        """
        from datetime import date


        def $f($a, $b):
            return (date.fromisoformat($b) - date.fromisoformat($a)).days
        """,
        """
        from datetime import datetime


        def $f($a, $b):
            return (datetime.fromisoformat($b) - datetime.fromisoformat($a)).days
        """,
    ],
    cases="""
        "2024-01-01", "2024-03-01" -> 60
        "2024-01-01", "2024-01-01" -> 0
        "2023-12-31", "2024-01-01" -> 1
        "2000-02-28", "2001-02-28" -> 366
    """,
)

WEEKDAY_NAME = exercise(
    "weekday_name",
    f="weekday_name day_of_week get_weekday day_name weekday",
    d=DAY,
    does="""
        returns the name of the weekday of a date
        returns the day of the week of an ISO date
        finds the weekday of a date
        tells which day of the week a date is
        computes the name of the weekday of $d
        converts a date to the name of its weekday
        gets the weekday as a name, such as Monday
        determines what day of the week a date falls on
    """,
    about="""
        the weekday of a date
        the day of the week of a date
    """,
    held_out="""
        Which day of the week was "2024-02-29"? Its name, please.
        I was born on some date. What weekday was that?
        For a date string find the weekday's name.
    """,
    solutions=[
        """
        from datetime import date


        def $f($d):
            return date.fromisoformat($d).strftime("%A")
        """,
        """
        import calendar
        from datetime import date


        def $f($d):
            return calendar.day_name[date.fromisoformat($d).weekday()]
        """,
    ],
    cases="""
        "2024-02-29" -> "Thursday"
        "2000-01-01" -> "Saturday"
        "2023-12-31" -> "Sunday"
    """,
)

ADD_DAYS = exercise(
    "add_days",
    f="add_days later_date days_after shift_date plus_days",
    d=DAY,
    n="n days count amount number",
    does="""
        adds days to a date
        adds $n days to an ISO date
        returns the date a number of days after $d
        computes the date that is $n days later
        moves a date forward by some days
        returns a date plus a number of days as a string
        gets the date a few days later
        determines the date in $n days from a given one
    """,
    about="""
        adding days to a date
        a date plus a number of days
    """,
    held_out="""
        What date is it n days after "2024-02-28"?
        I have a date as text and want to add a number of days to it.
        In 30 days from some date, which date will it be?
    """,
    solutions=[
        """
        from datetime import date, timedelta


        def $f($d, $n):
            result = date.fromisoformat($d) + timedelta(days=$n)
            return result.isoformat()
        """,
        """
        from datetime import date, timedelta


        def $f($d, $n):
            return str(date.fromisoformat($d) + timedelta(days=$n))
        """,
    ],
    cases="""
        "2024-02-28", 1 -> "2024-02-29"
        "2023-12-31", 1 -> "2024-01-01"
        "2024-05-05", 0 -> "2024-05-05"
        "2024-01-01", 366 -> "2025-01-01"
    """,
)

IS_WEEKEND = exercise(
    "is_weekend",
    f="is_weekend weekend check_weekend on_weekend is_day_off",
    d=DAY,
    does="""
        checks whether a date is on a weekend
        checks if a date is a Saturday or Sunday
        tests if $d falls on a weekend
        returns True if an ISO date is on a weekend
        determines whether a date is part of the weekend
        finds out if a day is on the weekend
        decides whether a date is a weekend day or a working day
    """,
    about="""
        a weekend check for dates
        checking whether a date is on a weekend
    """,
    held_out="""
        Is a certain date on a weekend?
        "2024-03-02" is a Saturday, so True. How do I test dates for the weekend?
        Does a date fall on Saturday or Sunday?
    """,
    solutions=[
        """
        from datetime import date


        def $f($d):
            return date.fromisoformat($d).weekday() >= 5
        """,
        """
        from datetime import date


        def $f($d):
            return date.fromisoformat($d).strftime("%A") in ("Saturday", "Sunday")
        """,
        """
        from datetime import date


        def $f($d):
            return date.fromisoformat($d).isoweekday() > 5
        """,
    ],
    cases="""
        "2024-03-02" -> True
        "2024-03-03" -> True
        "2024-03-04" -> False
        "2024-03-01" -> False
    """,
)
