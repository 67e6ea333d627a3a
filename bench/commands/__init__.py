"""The command `cdrbench` and its subcommands."""
