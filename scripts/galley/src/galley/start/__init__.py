"""How a guide begins: a new one from templates, and galley's part in one that is there. In the command."""
