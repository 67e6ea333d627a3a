"""Arrays as bytes that a browser reads without copying them: a short JSON list of arrays, then the arrays.

The layout, little-endian: 4 bytes `CDRW`; the length of the JSON text as uint32; the text, filled up with spaces to a
multiple of 8 bytes; then each array at a multiple of 8 bytes. The text has the name, type (of JavaScript's typed
arrays), first byte and number of values of each array, by `arrays`, and further facts.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.arrays import Array

MAGIC = b"CDRW"
TYPES = {"uint8": "Uint8", "int8": "Int8", "uint16": "Uint16", "int16": "Int16", "uint32": "Uint32", "int32": "Int32",
         "float32": "Float32"}  # fmt: skip
ALIGNED = 8


def packed(arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> bytes:
    """Return arrays and facts as bytes.

    Raises
    ------
    ValueError
        When an array has a type that browsers have no array for.
    """
    if wrong := [name for name, array in arrays.items() if array.dtype.name not in TYPES]:
        raise ValueError(f"{wrong[0]} must have one of the types {', '.join(TYPES)}, got {arrays[wrong[0]].dtype}")
    entries, at = [], 0
    for name, array in arrays.items():
        entries.append({"name": name, "type": TYPES[array.dtype.name], "at": at, "length": int(array.size)})
        at += _filled(array.nbytes)
    text = json.dumps({**facts, "arrays": entries}, allow_nan=False).encode()
    text += b" " * (_filled(len(text) + ALIGNED) - len(text) - ALIGNED)
    parts = [MAGIC, struct.pack("<I", len(text)), text]
    for array in arrays.values():
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        parts += [content, bytes(_filled(len(content)) - len(content))]
    return b"".join(parts)


def unpacked(content: bytes) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and facts of `packed`."""
    if content[:4] != MAGIC:
        raise ValueError(f"the bytes must begin with {MAGIC!r}, got {content[:4]!r}")
    (length,) = struct.unpack_from("<I", content, 4)
    facts = json.loads(content[8 : 8 + length])
    types = {there: here for here, there in TYPES.items()}
    arrays = {
        each["name"]: np.frombuffer(content, types[each["type"]], each["length"], 8 + length + each["at"])
        for each in facts.pop("arrays")
    }
    return arrays, facts


def _filled(length: int) -> int:
    """Return a length rounded up to a multiple of `ALIGNED`."""
    return -(-length // ALIGNED) * ALIGNED
