"""Colours of shares from 0 to 1 in tables and heat maps: on a light page higher is darker, on a dark one lighter."""

LIGHT = (
    *(("#f3f7fc", "#1b2733"), ("#dfebf7", "#1b2733"), ("#c9ddf0", "#1b2733"), ("#a9cae6", "#1b2733")),
    *(("#82b3da", "#10202e"), ("#6aa5d3", "#0a1622"), ("#2f74b0", "#fff"), ("#22639f", "#fff")),
    *(("#185493", "#fff"), ("#0d3f77", "#fff"), ("#082c57", "#fff")),
)
"""Colours of a cell and of its text from 0 to 1, in steps of a tenth."""
DARK = (
    *(("#141b24", "#e6edf3"), ("#16263a", "#e6edf3"), ("#17304e", "#e6edf3"), ("#183b63", "#e6edf3")),
    *(("#194778", "#fff"), ("#1b548d", "#fff"), ("#2562a2", "#fff"), ("#5c9bd6", "#06121f")),
    *(("#7db3e3", "#06121f"), ("#a3ccf0", "#06121f"), ("#cbe3fa", "#06121f")),
)


def rules(of_one: str) -> str:
    """Return CSS for both colour schemes; `of_one` is for one step, with places for `{step}`, `{back}` and `{text}`.

    >>> rules(".s{step} {{ color: {text} }}").splitlines()[0]
    '.s0 { color: #1b2733 }'
    """
    light, dark = (
        "\n".join(of_one.format(step=step, back=back, text=text) for step, (back, text) in enumerate(colours))
        for colours in (LIGHT, DARK)
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
