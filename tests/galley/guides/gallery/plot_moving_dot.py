"""
A dot that moves
================

An animation made with :class:`~matplotlib.animation.FuncAnimation`.

.. seealso::

    :ref:`waves`
"""

import matplotlib.animation as animation
import matplotlib.pyplot as plt
import numpy as np

fig_0, ax_0 = plt.subplots(figsize=(4, 1))
ax_0.set_title("The path")
ax_0.plot([0, 1], [0, 0])

# sphinx_gallery_thumbnail_number = 2
fig_1, ax_1 = plt.subplots(figsize=(3, 3))
(dot,) = ax_1.plot([], [], "o")
ax_1.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), title="A dot on a circle")


def update(frame):
    angle = 2 * np.pi * frame / 9
    dot.set_data([np.cos(angle)], [np.sin(angle)])
    return (dot,)


ani = animation.FuncAnimation(fig_1, update, frames=9, interval=50, blit=True)

# %%
# A list of artists moves, too. The animation is shown where it stands.

fig, ax = plt.subplots(figsize=(3, 2))
ax.set_title("Bars that grow")
bars = [[ax.bar(["a", "b"], [n, 4 - n], color="C0")[0], ax.text(0, 4, f"n = {n}")] for n in range(4)]
growing = animation.ArtistAnimation(fig, bars)
print("before")
plt.show()
print("after")
