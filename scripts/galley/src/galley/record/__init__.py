"""What a page's cells produced, kept as plain files that git can show."""
