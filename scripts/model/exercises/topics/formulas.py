"""Averages and conversions."""

from exercises.declare import LISTS, exercise

AVERAGE = exercise(
    "average",
    f="average mean get_average compute_mean calculate_average",
    xs=LISTS,
    does="""
        computes the average of a list of numbers
        calculates the mean of a list
        returns the average of $xs
        returns the arithmetic mean of a list of numbers
        finds the average of some numbers
        works out the mean value of a list
        gets the mean value of a list of numbers
        adds up a list and divides by its length
        determines what a list of numbers is on average
    """,
    about="""
        the average of a list
        the mean of some numbers
    """,
    held_out="""
        What is the average of the numbers in a list?
        I have my grades in a list and want the mean.
        Sum divided by count, in other words the average, of a list.
    """,
    solutions=[
        """
        def $f($xs):
            return sum($xs) / len($xs)
        """,
        """
        def $f($xs):
            total = 0
            for x in $xs:
                total += x
            return total / len($xs)
        """,
        """
        from statistics import fmean


        def $f($xs):
            return fmean($xs)
        """,
    ],
    cases="""
        [1, 2, 3] -> 2
        [1, 2] -> 1.5
        [10] -> 10
        [-1, 1, 3, 6] -> 2.25
    """,
)

MEDIAN = exercise(
    "median",
    f="median find_median get_median middle_value compute_median",
    xs=LISTS,
    does="""
        computes the median of a list of numbers
        calculates the median of a list
        returns the median of $xs
        finds the median of some numbers
        returns the middle value of the sorted numbers
        works out the median value of a list
        gets the number in the middle of a sorted list
        determines the median of some values
    """,
    about="""
        the median of a list
        the median of some numbers
    """,
    held_out="""
        What is the median of the numbers in a list?
        I have incomes in a list and want the median, not the mean.
        Sort and take the value in the middle, the median.
    """,
    solutions=[
        """
        def $f($xs):
            ordered = sorted($xs)
            mid = len(ordered) // 2
            if len(ordered) % 2 == 1:
                return ordered[mid]
            return (ordered[mid - 1] + ordered[mid]) / 2
        """,
        """
        import statistics


        def $f($xs):
            return statistics.median($xs)
        """,
        """
        def $f($xs):
            ordered = sorted($xs)
            n = len(ordered)
            return (ordered[n // 2] + ordered[(n - 1) // 2]) / 2
        """,
    ],
    cases="""
        [3, 1, 2] -> 2
        [4, 1, 3, 2] -> 2.5
        [5] -> 5
        [10, -10, 0, 7, 7] -> 7
    """,
)

TO_FAHRENHEIT = exercise(
    "to_fahrenheit",
    f="celsius_to_fahrenheit to_fahrenheit fahrenheit convert_celsius c_to_f",
    c="celsius c temperature degrees temp",
    does="""
        converts Celsius to Fahrenheit
        converts a temperature from Celsius to Fahrenheit
        turns degrees Celsius into Fahrenheit
        returns $c in Fahrenheit
        converts degrees from Celsius to Fahrenheit
        computes the Fahrenheit value of a Celsius temperature
        gives degrees Fahrenheit for degrees Celsius
        changes a Celsius temperature to Fahrenheit
    """,
    about="""
        converting Celsius to Fahrenheit
        a Celsius to Fahrenheit conversion
    """,
    held_out="""
        It is 20 degrees Celsius. What is that in Fahrenheit?
        Americans want Fahrenheit, I have Celsius. Convert please.
        How do you get Fahrenheit from Celsius?
    """,
    solutions=[
        """
        def $f($c):
            return $c * 9 / 5 + 32
        """,
        """
        def $f($c):
            return 1.8 * $c + 32
        """,
        """
        def $f($c):
            result = $c * 9 / 5
            return result + 32
        """,
    ],
    cases="""
        0 -> 32
        100 -> 212
        -40 -> -40
        37 -> 98.6
    """,
)

CIRCLE_AREA = exercise(
    "circle_area",
    f="circle_area area_of_circle area get_circle_area compute_area",
    r="radius r length size value",
    does="""
        computes the area of a circle
        calculates the area of a circle with a given radius
        returns the area of a circle of radius $r
        finds the area of a circle from its radius
        works out a circle's area
        gets the area of a circle when given the radius
        determines how much area a circle covers
    """,
    about="""
        the area of a circle
        a circle's area
    """,
    held_out="""
        How large is a circle's area if I know the radius?
        Given a radius, what is the area of that circle?
        Pi times the radius squared: circle area, please.
    """,
    solutions=[
        """
        import math


        def $f($r):
            return math.pi * $r**2
        """,
        """
        from math import pi


        def $f($r):
            return pi * $r * $r
        """,
    ],
    cases="""
        1 -> 3.141592653589793
        0 -> 0
        2 -> 12.566370614359172
        0.5 -> 0.7853981633974483
    """,
)
