"""Explain one setting, from the source code of its class."""

import ast
import inspect
import re
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from textwrap import dedent, fill
from typing import Any

from bench.config.lookup import found
from bench.config.target_check import may_be_named

WIDTH = 100
UNITS = {
    "s": "seconds", "ms": "milliseconds", "h": "hours", "m": "metres", "km": "kilometres", "dbm": "dBm", "db": "dB",
    "mhz": "MHz", "ghz": "GHz", "mib": "MiB", "deg": "degrees", "days": "days", "kmh": "km/h", "share": "share, 0 to 1",
    "erlang": "Erlang", "dbi": "dBi",
}  # fmt: skip
PARAMETER = re.compile(r"^(?P<names>\w[\w, ]*?)(?: : (?P<type>.*))?$")


@dataclass(frozen=True)
class Setting:
    """A setting: its key, its name, its value, and the dataclass or target class that defines it."""

    key: str
    name: str
    value: Any
    kind: Any
    target: str | None

    @property
    def assigned(self) -> str:
        """Write the setting as on a command line."""
        return f"{self.key}={self.written}"

    @property
    def written(self) -> str:
        """Write the value as on a command line."""
        if self.value is None:
            return "null"
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)

    @property
    def field(self) -> "Field[Any] | None":
        """Return the dataclass field that defines the setting, if there is one."""
        return {each.name: each for each in fields(self.kind)}.get(self.name) if is_dataclass(self.kind) else None

    @property
    def type_and_unit(self) -> str:
        """Describe the type and unit of the setting: `float, dB`."""
        kind = _type_name(self.field.type) if self.field else type(self.value).__name__
        unit = UNITS.get(self.name.rpartition("_")[2])
        return f"{kind}, {unit}" if unit else kind

    @property
    def rule(self) -> str:
        """Describe which values are valid: `be in [0, 30]`; "" if any value of the type is."""
        return str(self.field.metadata["rule"][0]) if self.field and "rule" in self.field.metadata else ""

    @property
    def purpose(self) -> str:
        """Describe what the setting does; "" if its class does not say."""
        of_target = parameters(self.target) if self.target else {}
        return _purposes(self.kind).get(self.name) or of_target.get(self.name, "")

    @property
    def purpose_line(self) -> str:
        """Return the first sentence of the purpose."""
        return re.split(r"(?<=\.)\s", self.purpose, maxsplit=1)[0].rstrip(".")


def described(setting: Setting) -> list[str]:
    """Return the lines that explain a setting."""
    source = f"{setting.kind.__module__}.{setting.kind.__qualname__}" if setting.field else setting.target
    lines = [
        setting.key,
        f"  type     {setting.type_and_unit}",
        f"  default  {setting.written}",
        *([f"  rule     must {setting.rule}"] if setting.rule else []),
        *(
            [fill(setting.purpose, WIDTH, initial_indent="  what     ", subsequent_indent=" " * 11)]
            if setting.purpose
            else []
        ),
        *([f"  from     {source}"] if source else []),
    ]
    return "\n".join(lines).splitlines()


def _type_name(kind: Any) -> str:
    plain = isinstance(kind, type) and not getattr(kind, "__args__", None)  # `list[str]` is a type too
    return kind.__name__ if plain else str(kind).replace("typing.", "")


@cache
def _purposes(kind: Any) -> dict[str, str]:
    """Return the text below each field of a dataclass, and of its base classes."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__ if isinstance(kind, type) else ()):
        if not is_dataclass(each):
            continue
        (body,) = ast.parse(dedent(inspect.getsource(each))).body
        assert isinstance(body, ast.ClassDef)
        found |= _numpy_parameters(inspect.getdoc(each) or "")
        for one, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(after, ast.Expr):
                text = ast.literal_eval(after.value) if isinstance(after.value, ast.Constant) else ""
                found[one.target.id] = " ".join(str(text).split())
    return found


@cache
def parameters(target: str) -> dict[str, str]:
    """Return what a class's docstring says about each constructor parameter; nothing for untrusted classes.

    Reading it imports the class's module, which may run any code.
    """
    return _numpy_parameters(inspect.getdoc(found(target).imported) or "") if may_be_named(target) else {}


def _numpy_parameters(doc: str) -> dict[str, str]:
    """Read the Parameters section of a docstring in NumPy's format."""
    _, _, section = doc.partition("Parameters\n----------\n")
    section = re.split(r"\n\n?[A-Z]\w+\n-{3,}\n", section, maxsplit=1)[0]
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", section):
        head, _, text = block.partition("\n")
        named = PARAMETER.match(head.strip())
        if named:
            found |= {name.strip(): " ".join(text.split()) for name in named["names"].split(",")}
    return found
