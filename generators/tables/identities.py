"""Fictitious numbers, SIMs and devices: all are from test ranges.

- user ids come from a keyed permutation of a pool larger than the users, so that order and gaps reveal nothing;
- MSISDN: +999, which is no country's code (ITU-T E.164), then one digit that parts it into made-up ranges;
- IMSI: test network 001-01 (3GPP TS 23.003), 15 digits;
- IMEI: type allocation codes 00..., which are test codes (3GPP TS 23.003, GSMA TS.06), and a Luhn check digit.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from bench.arrays import IntArray
from generators.model.compiled import kernel
from generators.model.rng import Purpose, permutation

HOME_NETWORK, UNLISTED, FOREIGN, PREMIUM = 1, 2, 3, 9
NUMBER_RANGES = (UNLISTED, FOREIGN, PREMIUM)
FOREIGN_COUNTRIES = 5
"""First digits (3 to 7) of fictitious countries."""
POOL = 1.25
"""Size of the pool of user ids, relative to the number of users and their reserve."""
SUBSCRIBER_DIGITS, SIM_DIGITS, DEVICE_DIGITS = 8, 10, 12
_ZERO = ord("0")


@kernel
def _format(values: Any, prefix: Any, digits: int, check: bool, out: Any) -> None:
    """Write the prefix, a number with leading zeros, and perhaps a Luhn check digit, for each value."""
    start = prefix.shape[0]
    for i in range(values.shape[0]):
        for j in range(start):
            out[i, j] = prefix[j]
        rest: Any = values[i]
        for j in range(start + digits - 1, start - 1, -1):
            out[i, j] = _ZERO + rest % 10
            rest //= 10
        if check:
            out[i, start + digits] = _ZERO + _luhn(out[i], start + digits)


@kernel
def _luhn(text: Any, length: int) -> int:
    """Return the Luhn check digit (ISO/IEC 7812-1, annex B)."""
    total: Any = 0
    for j in range(length):
        digit = np.int64(text[length - 1 - j]) - _ZERO
        if j % 2 == 0:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return int((10 - total % 10) % 10)


@kernel
def _count_on(out: Any, start: int) -> None:
    """Fill each row with the previous one, increased by one in its digits from column `start` on."""
    for i in range(1, out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = out[i - 1, j]
        j = out.shape[1] - 1
        while out[i, j] == _ZERO + 9 and j > start:
            out[i, j] = _ZERO
            j -= 1
        out[i, j] += 1


def counted(prefix: str, first: int, count: int, digits: int) -> pa.StringArray:
    """Return `prefix` followed by consecutive numbers from `first` on, with leading zeros."""
    text = np.empty((count, len(prefix) + digits), np.uint8)
    _format(np.array([first])[:count], np.frombuffer(prefix.encode(), np.uint8), digits, False, text[:1])
    _count_on(text, len(prefix))
    return fixed_width(text)


def numbered(prefix: str, values: IntArray, digits: int, check: bool = False) -> pa.StringArray:
    """Return `prefix` followed by each value with leading zeros (and a Luhn digit, computed over the digits)."""
    width = len(prefix) + digits + check
    text = np.empty((len(values), width), np.uint8)
    _format(values, np.frombuffer(prefix.encode(), np.uint8), digits, check, text)
    return fixed_width(text)


def fixed_width(text: Any) -> pa.StringArray:
    """Return rows of ASCII codes, shape (n, width), as an Arrow text array without copying them."""
    rows, width = text.shape
    if rows * width >= 2**31:
        raise ValueError("more text than one Arrow array holds")
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))


def digits_for(count: int, least: int) -> int:
    """Return the number of digits that number `count` things, at least `least`."""
    return max(least, len(str(max(count - 1, 0))))


def user_ids(seed: int, num_users: int) -> pa.StringArray:
    """Return the id of each user."""
    pool = int(num_users * POOL) + 1
    return numbered("user_", permutation(seed, Purpose.USER_NUMBER, pool, num_users), digits_for(pool, 4))


def phone_numbers(seed: int, external_first: IntArray) -> pa.StringArray:
    """Return the MSISDN of each user and then of each external party.

    Parameters
    ----------
    seed
        Seed of the world.
    external_first
        Shape (4,): number of the first party of each external type; the last entry is one past the end.
    """
    parties = int(external_first[3])
    number = permutation(seed, Purpose.PHONE_NUMBER, 10**SUBSCRIBER_DIGITS, parties)
    ranges = np.full(parties, HOME_NETWORK, np.int64)
    for kind, first_digit in enumerate(NUMBER_RANGES):
        ranges[external_first[kind] : external_first[kind + 1]] = first_digit
    foreign = ranges == FOREIGN
    ranges[foreign] += number[foreign] % FOREIGN_COUNTRIES
    return numbered("+999", ranges * 10**SUBSCRIBER_DIGITS + number, SUBSCRIBER_DIGITS + 1)


def sims(seed: int, entities: IntArray) -> pa.StringArray:
    """Return the IMSI of each SIM; a user's does not depend on the other users of the world."""
    place = permutation(seed, Purpose.SIM, 10**SIM_DIGITS, int(entities.max(initial=-1)) + 1)
    return numbered("00101", place[entities], SIM_DIGITS)


def devices(seed: int, entities: IntArray) -> pa.StringArray:
    """Return the IMEI of each device: test TAC 00..., serial number, check digit."""
    place = permutation(seed, Purpose.DEVICE, 10**DEVICE_DIGITS, int(entities.max(initial=-1)) + 1)
    return numbered("00", place[entities], DEVICE_DIGITS, check=True)
