"""`python toy_run.py NAME ...` is `cdrbench NAME ...` with the toys beside the shipped configuration."""

import sys
from pathlib import Path
from runpy import run_module

import conf
from bench.commands.program import commands

conf.SCHEMAS = (*conf.SCHEMAS, "toy_world")

if __name__ == "__main__":
    program = sys.argv.pop(1)
    sys.argv[1:1] = ["--config-dir", str(Path(__file__).parent / "yaml")]
    run_module(commands()[program].removesuffix(".__main__"), run_name="__main__")
