r"""
.. _waves:

==============
Waves and sums
==============

A wave of frequency :math:`f` is drawn with `~matplotlib.pyplot.plot`, and two of them with
:meth:`matplotlib.axes.Axes.plot`. The formula:

.. math::

    y(t) = \sin(2 \pi f t)

.. note::
    The number of points is ``200`` in every picture.

    Fewer points make *corners*.

Compare :doc:`the gallery of fields <fields/index>` and the `sampling theorem`_.

.. _sampling theorem: https://example.org/sampling
"""

# Code source: the authors of this test
# License: Apache-2.0
# sphinx_gallery_tags = ["line-plot"]
# sphinx_gallery_thumbnail_number = 2

import matplotlib.pyplot as plt
import numpy as np

t = np.linspace(0, 1, 200)
plt.plot(t, np.sin(2 * np.pi * t))
plt.xlabel("$t$")
plt.title("One wave")
plt.show()

# %%
# Two pictures of one cell
# ^^^^^^^^^^^^^^^^^^^^^^^^
#
# The loop leaves two figures open. What it prints stands *before* them:
#
# * the frequency, and
# * the largest value, such as :math:`1`.
#
# .. list-table::
#    :header-rows: 1
#
#    * - name
#      - frequency
#    * - low
#      - 2
#    * - high
#      - 5

for name, frequency in {"low": 2, "high": 5}.items():
    y = np.sin(2 * np.pi * frequency * t)
    fig, ax = plt.subplots()
    ax.plot(t, y)
    ax.set_title(f"A {name} wave")
    print(f"{name}: {frequency} per second, at most {y.max():.2f}")

##############################################################################
# The sum
# ^^^^^^^
#
# .. warning:: A sum of waves is no wave of one frequency.
#
# Its largest value is asked for at once::
#
#     y.max()
#
# The last expression is a value of Python, and the picture stands below it.

# sphinx_gallery_start_ignore
# The seed makes the picture the same in each build.
np.random.seed(1)
# sphinx_gallery_end_ignore
y = np.sin(4 * np.pi * t) + np.sin(10 * np.pi * t) + np.random.normal(0, 0.1, t.size)
plt.title("The sum, with noise")
plt.plot(t, y)

# %%
# Not a figure of pyplot
# ^^^^^^^^^^^^^^^^^^^^^^

plt.style.use("default")
_ = plt.plot(t[:5], y[:5], "o")
_ = plt.title("Five points")

# %%
# .. tags:: plot-type: line, level: beginner
#
# .. admonition:: References
#
#    The functions that this example uses:
#
#    - `matplotlib.axes.Axes.plot` / `matplotlib.pyplot.plot`
