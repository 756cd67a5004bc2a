"""Matrices as lists of rows."""

from exercises.declare import exercise

MATRIX = "matrix m rows grid table"

TRANSPOSE = exercise(
    "transpose",
    f="transpose transpose_matrix transposed swap_rows_columns flip_matrix",
    m=MATRIX,
    does="""
        transposes a matrix
        returns the transpose of a matrix
        swaps the rows and columns of a matrix
        computes the transpose of $m
        turns the rows of a matrix into columns
        transposes a list of lists
        gets the matrix with columns in place of rows
        flips a matrix over its diagonal
    """,
    about="""
        transposing a matrix
        the transpose of a matrix
    """,
    held_out="""
        How do rows become columns in a matrix?
        I have a matrix as a list of lists and need its transpose.
        Transpose a table for me, row i becomes column i.
    """,
    solutions=[
        """
        def $f($m):
            return [list(row) for row in zip(*$m)]
        """,
        """
        def $f($m):
            return [[row[i] for row in $m] for i in range(len($m[0]))]
        """,
        """
        def $f($m):
            result = []
            for i in range(len($m[0])):
                result.append([row[i] for row in $m])
            return result
        """,
    ],
    cases="""
        [[1, 2], [3, 4]] -> [[1, 3], [2, 4]]
        [[1, 2, 3]] -> [[1], [2], [3]]
        [[1, 2], [3, 4], [5, 6]] -> [[1, 3, 5], [2, 4, 6]]
    """,
)

IDENTITY_MATRIX = exercise(
    "identity_matrix",
    f="identity_matrix identity make_identity eye unit_matrix",
    n="n size dim order length",
    does="""
        creates an identity matrix
        returns the identity matrix of size $n
        builds an identity matrix as a list of lists
        makes an $n by $n identity matrix
        generates a matrix with ones on the diagonal and zeros elsewhere
        gets an identity matrix with $n rows and columns
        makes a square matrix with ones on its diagonal
    """,
    about="""
        an identity matrix
        the identity matrix of size $n
    """,
    held_out="""
        Ones on the diagonal, zeros elsewhere: how do I make such an identity matrix?
        I need the identity matrix for a given size, no numpy.
        What would an n by n unit or identity matrix look like, as lists?
    """,
    solutions=[
        """
        def $f($n):
            return [[1 if i == j else 0 for j in range($n)] for i in range($n)]
        """,
        """
        def $f($n):
            result = [[0] * $n for _ in range($n)]
            for i in range($n):
                result[i][i] = 1
            return result
        """,
        """
        def $f($n):
            return [[int(i == j) for j in range($n)] for i in range($n)]
        """,
    ],
    cases="""
        1 -> [[1]]
        2 -> [[1, 0], [0, 1]]
        3 -> [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """,
)

MATRIX_SUM = exercise(
    "matrix_sum",
    f="matrix_sum sum_matrix total add_elements sum_all",
    m=MATRIX,
    does="""
        sums all elements of a matrix
        returns the sum of all numbers in a matrix
        adds up every element of $m
        computes the total of a list of lists of numbers
        calculates the sum of the elements of a matrix
        gets the total of a matrix
        sums all the rows of a matrix together
    """,
    about="""
        the sum of a matrix
        adding up all elements of a matrix
    """,
    held_out="""
        What do all the numbers in a matrix add up to?
        Given a matrix, sum every element.
        I need the total over all the rows and columns of a matrix.
    """,
    solutions=[
        """
        def $f($m):
            return sum(sum(row) for row in $m)
        """,
        """
        def $f($m):
            result = 0
            for row in $m:
                for x in row:
                    result += x
            return result
        """,
        """
        def $f($m):
            return sum(x for row in $m for x in row)
        """,
    ],
    cases="""
        [[1, 2], [3, 4]] -> 10
        [[]] -> 0
        [[-1, 1, 5]] -> 5
    """,
)

DIAGONAL = exercise(
    "diagonal",
    f="diagonal get_diagonal main_diagonal matrix_diagonal diagonal_of",
    m=MATRIX,
    does="""
        returns the diagonal of a matrix
        returns the main diagonal of a square matrix
        gets the elements on the diagonal of $m
        lists the diagonal elements of a matrix
        extracts the diagonal of a square matrix
        gets the entries of a matrix whose row and column are the same
        collects the diagonal entries of a matrix
    """,
    about="""
        the diagonal of a matrix
        the main diagonal of a square matrix
    """,
    held_out="""
        Which elements are on the main diagonal of a matrix?
        From the top left to the bottom right: get that diagonal of a matrix.
        Pull the diagonal out of a square matrix as a list.
    """,
    solutions=[
        """
        def $f($m):
            return [$m[i][i] for i in range(len($m))]
        """,
        """
        def $f($m):
            result = []
            for i, row in enumerate($m):
                result.append(row[i])
            return result
        """,
        """
        def $f($m):
            return [row[i] for i, row in enumerate($m)]
        """,
    ],
    cases="""
        [[1, 2], [3, 4]] -> [1, 4]
        [[5]] -> [5]
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]] -> [1, 5, 9]
    """,
)

ADD_MATRICES = exercise(
    "add_matrices",
    f="add_matrices matrix_add sum_matrices add_elementwise matrix_addition",
    a="a first left m1 x",
    b="b second right m2 y",
    does="""
        adds two matrices
        adds two matrices of the same shape
        returns the sum of $a and $b element by element
        computes the sum of two matrices
        performs matrix addition
        gets the sum of two matrices
        adds the entries of two matrices one by one
    """,
    about="""
        matrix addition
        adding two matrices
    """,
    held_out="""
        How are two matrices added, element by element?
        I've got two matrices of equal shape and want their sum.
        Matrix plus matrix, as lists of lists.
    """,
    solutions=[
        """
        def $f($a, $b):
            result = []
            for row1, row2 in zip($a, $b):
                result.append([p + q for p, q in zip(row1, row2)])
            return result
        """,
        """
        def $f($a, $b):
            return [[p + q for p, q in zip(r, s)] for r, s in zip($a, $b)]
        """,
    ],
    cases="""
        [[1, 2], [3, 4]], [[5, 6], [7, 8]] -> [[6, 8], [10, 12]]
        [[1]], [[-1]] -> [[0]]
        [[1, 2, 3]], [[1, 1, 1]] -> [[2, 3, 4]]
    """,
)
