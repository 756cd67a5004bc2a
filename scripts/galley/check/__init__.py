"""Says what in a guide is not true, or not whole, without running anything."""
