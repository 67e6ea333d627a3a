"""Guesses the settings for values: times, lengths, words, missing parties, and which records are calls."""

from re import fullmatch, sub
from typing import Any

from generators.own_records.file_settings import FALSE, MISSING_WORDS, TRUE
from generators.own_records.inspection.column_guess import OUTCOMES, ColumnGuess
from generators.own_records.inspection.column_values import ColumnValues
from generators.own_records.inspection.dialect_guess import shown

ORIGIN = "2024-01-01T00:00:00"
"""Placeholder for the origin of times that are counted from an unknown moment."""
NORMAL = r"normal|benign|legit(imate)?|genuine|none|nan|null|ok|good|regular|no.?(fraud|anomaly)|0(\.0)?|non.?fraud"
CALLS = r"(voice.?)?calls?|voice|mo?c|mtc|moc|invite|tel|phone"
OUT, IN = r"out(going|bound)?|o|mo|sent", r"in(coming|bound)?|i|mt|received"
CALLEES = {
    "subscriber": r"subscriber|domestic|national|local|on.?net|internal|mobile|off.?net",
    "foreign": r"foreign|international|abroad|roaming",
    "premium": r"premium.*|special",
    "unlisted": r"unlisted|other|unknown",
}
RARE = 0.5


class ValueGuess:
    """Settings guessed from the values of columns, with reasons."""

    def __init__(self, columns: list[ColumnValues], guess: ColumnGuess) -> None:
        self.by_name = {column.name: column for column in columns}
        self.guess = guess
        self.settings: dict[str, Any] = {}
        self.reasons: list[str] = []
        self._times()
        self._lengths()
        self._outcomes()
        self._callee_types()
        self._legs()
        self._labels()
        self._directions()
        self._parties()
        self._kinds(columns)

    def say(self, name: str, value: Any, reason: str) -> None:
        """Record the guess of a setting."""
        self.settings[name] = value
        self.reasons.append(f"{name}={shown(value)}: {reason}")

    def _column(self, ours: str) -> ColumnValues | None:
        name = self.guess.columns.get(ours)
        return None if name is None else self.by_name[name]

    def _times(self) -> None:
        column = self._column("call_start_ts")
        if column is None:
            return
        clock = self._column("call_start_time")
        if clock is not None:
            self.say(
                "time_format", f"{column.is_date} {clock.time_of_day}", "dates and times of day stand in two columns"
            )
            return
        forms = column.time_formats
        if forms[:1] not in ([], ["iso"]):
            turned = forms[0].translate(str.maketrans("dm", "md"))
            likely, other = sorted((forms[0], turned), key=column.span_of) if turned in forms[1:] else (forms[0], "")
            doubt = f"; {other} is possible too, over a longer time: CHECK" if other else ""
            self.say("time_format", likely, f"all starts follow it, such as {column.given[0]}{doubt}")
        elif not forms and column.is_number:
            self.say("time_format", "epoch_s", f"starts are small numbers, such as {column.given[0]}")
            self.say("time_origin", ORIGIN, "from when they count, the file does not say: CHECK")

    def _lengths(self) -> None:
        column = self._column("call_duration")
        if column is None:
            return
        plain = column.name.casefold()
        if column.is_clock or column.is_short_clock:
            form = "h:mm:ss" if column.is_clock else "m:ss"
            self.say("duration_unit", form, f"lengths are written so, such as {column.given[0]}")
            return
        if "min" in plain or fullmatch(r".*(milli|msec|_ms|\bms).*", plain):
            unit = "min" if "min" in plain else "ms"
            self.say("duration_unit", unit, f"the name of {column.name} says so")
        elif column.has_fractions:
            self.say("duration_unit", "s", f"or min? Lengths of {column.name} have decimals, as minutes do: CHECK")
        self._notation(column)

    def _notation(self, column: ColumnValues) -> None:
        """Guess decimal sign and thousands separator of the lengths."""
        notation = column.notation
        if notation is None:
            return
        for name, sign, usual, other in (
            ("thousands", notation.thousands, "", "the decimal sign"),
            ("decimal", notation.decimal, ".", "a thousands separator"),
        ):
            found = next((value for value in column.given if sign and sign in value), "")
            doubt = f"; it may be {other} instead: CHECK" if notation.doubtful and found else ""
            if sign != usual or doubt:
                self.say(name, sign, f"lengths such as {found}{doubt}" if found else "the point separates thousands")

    def _outcomes(self) -> None:
        column = self._column("outcome")
        if column is None:
            return
        found: dict[str, list[str]] = {}
        for word in column.different:
            ours = next((name for name, like in OUTCOMES.items() if fullmatch(like, word.casefold())), None)
            if ours and ours != word.casefold():
                found.setdefault(ours, []).append(word)
        known = {word for words in found.values() for word in words} | {*OUTCOMES}
        if found:
            self.say("outcomes", found, "words of " + column.name)
        if unknown := [word for word in column.different if word not in known and word.casefold() not in OUTCOMES]:
            self.say("unknown_outcome", "by_length", f"nothing is known of {', '.join(unknown[:5])}: CHECK")

    def _callee_types(self) -> None:
        column = self._column("callee_type")
        if column is None:
            return
        found: dict[str, list[str]] = {}
        for word in column.different:
            ours = next((name for name, like in CALLEES.items() if fullmatch(like, word.casefold())), None)
            if ours is None:
                del self.guess.columns["callee_type"]
                return
            found.setdefault(ours, []).append(word)
        self.say("callee_types", found, "words of " + column.name)

    def _legs(self) -> None:
        column = self._column("call_id")
        if column is not None and (not column.is_unique or "other_leg_id" in self.guess.columns):
            self.say("legs", "fold", f"{column.name} says which records are legs of one call: CHECK")

    def _labels(self) -> None:
        for ours in ("is_anomaly", "anomaly_type"):
            column = self._column(ours)
            if column is None:
                continue
            words = [word for word in dict.fromkeys(column.values) if word]
            normal = [word for word in words if fullmatch(NORMAL, word.casefold())]
            if not normal and ours == "is_anomaly":
                normal = [word for word in column.different if column.different[word] > RARE * len(column.values)]
            rest = [word for word in words if word not in normal]
            understood = {*TRUE, *FALSE} if ours == "is_anomaly" else set()
            if {word.casefold() for word in words} <= understood:
                continue
            labels = {"normal": normal}
            for word in rest:
                name = sub(r"[^a-z0-9]+", "_", word.casefold()).strip("_") or "anomaly"
                labels.setdefault(name if name not in ("1", "true") else "anomaly", []).append(word)
            self.say("labels", labels, f"words of {column.name}: CHECK")

    def _directions(self) -> None:
        column = self._column("direction")
        if column is None:
            return
        columns, other = self.guess.columns, self.guess.columns.pop("callee_id", None)
        owner = columns.pop("caller_id", None)
        other, owner = (other or owner), (owner if other else None)
        if other is None:
            del columns["direction"]
            return
        columns["other_id"], self.guess.reasons["other_id"] = other, "the other party than the owner of the records"
        if owner is None:
            self.say("owner", "file_name", "no column says whose records these are: CHECK")
        else:
            columns["owner_id"], self.guess.reasons["owner_id"] = owner, "whose records these are: CHECK"
        words = {name: [word for word in column.different if fullmatch(like, word.casefold())]
                 for name, like in (("outgoing", OUT), ("incoming", IN))}  # fmt: skip
        self.say("directions", words, "words of " + column.name)

    def _parties(self) -> None:
        withheld, missing = set[str](), 0
        for ours in ("caller_id", "callee_id", "other_id"):
            column = self._column(ours)
            if column is None:
                continue
            missing += len(column.values) - len(column.given)
            digits = sum(any(each.isdigit() for each in value) for value in column.given)
            if digits > len(column.given) / 2:
                withheld |= {value for value, many in column.different.items() if many > 1 and value.isalpha()}
                withheld |= {v for v in column.different if " " in v and not any(each.isdigit() for each in v)}
        if withheld:
            words = [*MISSING_WORDS, *sorted(word.casefold() for word in withheld)]
            self.say("missing_words", words, f"{', '.join(sorted(withheld)[:5])} is no number: CHECK")
        if withheld or missing:
            self.say("missing_parties", "separate", "some parties are missing or withheld; drop leaves such calls out")

    def _kinds(self, columns: list[ColumnValues]) -> None:
        for column in columns:
            if column.name in self.guess.columns.values() or not column.is_words:
                continue
            calls = [word for word in column.different if fullmatch(CALLS, word.casefold())]
            if calls and len(calls) < len(column.different):
                others = ", ".join(word for word in column.different if word not in calls)[:60]
                self.say("keep", {column.name: calls}, f"calls among {others}")
                return
