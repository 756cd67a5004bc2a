# -*- coding: utf-8 -*-
"""
=================
Contours of a hill
=================

.. currentmodule:: matplotlib.pyplot

The same field three times: as an image, as lines, and as both.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

x, y = np.meshgrid(np.linspace(-2, 2, 30), np.linspace(-2, 2, 30))
height = np.exp(-(x**2) - y**2)

# %%
# An image
# ########
#
# :func:`imshow` draws one pixel for each number [1]_.
#
# .. [1] At a size that fits the axes.

fig, ax = plt.subplots()
ax.imshow(height, extent=(-2, 2, -2, 2))
ax.set_title("As an image")

# %%
# Lines, and both
# ###############

fig, (left, right) = plt.subplots(1, 2, sharey=True, layout="constrained")
left.contour(x, y, height)
left.set_title("Lines")
right.contourf(x, y, height)
right.set_title("Areas")
plt.show()
fig
