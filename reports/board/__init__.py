"""The board: the published results of `suite=core`, and what README shows of them."""
