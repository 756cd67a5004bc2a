"""Commands of one subject each, which `galley.cli` puts under `galley`. In the command."""
