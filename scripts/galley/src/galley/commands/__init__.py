"""The words and options of each command, in a file for each subject; galley.cli puts them together. In the command."""
