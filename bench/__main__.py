"""`python -m bench` is the command `cdrbench`."""

from bench.commands.program import main

main()
