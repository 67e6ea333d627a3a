"""Neighbour lists learned from reports, with sets: a second, plain implementation for tests to compare with."""

from dataclasses import dataclass, field

from generators.sessions.neighbour_lists import MINUTE_MS


@dataclass
class PlainLists:
    """Towers that learn which others are near, one request at a time."""

    heard_at: list[dict[int, float]]
    """For each place, the power of each tower that a phone hears there, the strongest first [dBm]."""
    towers: int
    margin_db: float
    """By how much a tower may be weaker than the strongest if a phone is to report it."""
    near: dict[int, set[int]] = field(default_factory=dict)
    """The list of each tower."""
    reported: dict[int, set[int]] = field(default_factory=dict)
    """What towers were reported in this minute."""
    last: dict[int, list[int]] = field(default_factory=dict)
    """What each phone reported last."""
    minute: int = 0
    asked: int = 0
    missed: int = 0

    def request(self, time_ms: int, phone: int, place: int, scans: bool) -> None:
        """Let a phone ask for signal strengths."""
        self.begin_minute(time_ms // MINUTE_MS)
        there, heard = self.heard_at[place], self.last.get(phone, [])
        best = next(iter(there), -1)
        asks = set(range(self.towers))
        if heard and not scans:
            asks = set(heard).union(*(self.near.get(tower, set()) for tower in heard))
        self.asked += len(asks)
        self.missed += best >= 0 and best not in asks
        powers = {tower: power for tower, power in there.items() if tower in asks}
        answers = [tower for tower, power in powers.items() if power >= max(powers.values()) - self.margin_db]
        self.last[phone] = answers
        for tower in answers:
            self.reported.setdefault(tower, set()).update(set(answers) - {tower})

    def begin_minute(self, minute: int) -> None:
        """Add what was reported in the minutes before to the lists."""
        if minute != self.minute:
            for tower, others in self.reported.items():
                self.near.setdefault(tower, set()).update(others)
            self.minute, self.reported = minute, {}
