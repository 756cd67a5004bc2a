"""Cells that must end with an error. docs/at-work.md shows them."""

# %% missing raises="LookupError" subclasses="yes"
{"en": "hello"}["de"]

# %% no-number raises="ValueError" message="invalid literal ...: 'ten'"
int("ten")


# %% chained [traceback] raises="RuntimeError"
def copies(text):
    """The number of copies that a text asks for."""
    try:
        return int(text)
    except ValueError as error:
        error.add_note("the number is written in digits")
        raise RuntimeError("the order cannot be read") from error


copies("ten")
