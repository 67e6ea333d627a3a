"""`python toy_run.py ...` is `python -m bench.run ...` with the toys beside the shipped configuration."""

import sys
from importlib import import_module
from pathlib import Path

import conf

conf.SCHEMAS = (*conf.SCHEMAS, "toy_world")

if __name__ == "__main__":
    program = sys.argv.pop(1)
    sys.argv[1:1] = ["--config-dir", str(Path(__file__).parent / "yaml")]
    import_module(f"bench.{program}").main()
