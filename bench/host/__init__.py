"""The machine that the harness runs on: processes, processors, the terminal, compiled code, digests."""
