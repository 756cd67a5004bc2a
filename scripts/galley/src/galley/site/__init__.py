"""Shows recorded cells in a site: a Markdown extension that looks them up, and what builds the site with it."""
