"""Settings of numbers, SIMs and devices over time, and of the operator's inventory of devices.

Rates of subscriptions that begin and end follow prepaid markets: 37-80 % of the customers leave in a year in eight of
them (Strategy Analytics for Juvo, "Death by a Thousand NOs", 2019), which is 3-7 % a month, and as many come. The other
figures of the default world are starting values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, within


@dataclass
class Subscriptions:
    """Legitimate changes of numbers, SIMs and devices over time, and the operator's inventory of devices."""

    created_months: list[float] = field(default_factory=lambda: [1.0, 24.0])
    """Age of subscriptions at the start of the world [months of 30 days]."""
    joining_per_month: float = field(default=0.0, metadata=within(0, 0.5))
    """Share of the users whose subscription begins within the world, per 30 days."""
    leaving_per_month: float = field(default=0.0, metadata=within(0, 0.5))
    """Share of the users whose subscription ends within the world, at a midnight, per 30 days."""
    new_device_per_month: float = field(default=0.0, metadata=within(0, 0.5))
    """Share of the users who replace their device, per 30 days."""
    new_sim_per_month: float = field(default=0.0, metadata=within(0, 0.5))
    """Share of the users whose number is moved to a second SIM, per 30 days."""
    sim_back: float = field(default=0.0, metadata=within(0, 1))
    """Share of the users with a second SIM whose number is moved back to the first (an order cancelled, a card found
    again)."""
    sim_back_h: list[float] = field(default_factory=lambda: [1.0, 72.0])
    """Time for which the second SIM is then used, shortest and longest [h]."""
    sim_with_device: float = field(default=0.0, metadata=within(0, 1))
    """Share of the users with a second SIM who get a new device at the same time."""
    second_device: float = field(default=0.0, metadata=within(0, 1))
    """Share of the users who put their SIM into another device from time to time."""
    borrowed: float = field(default=0.0, metadata=within(0, 1))
    """Share of these occasions on which the device is one of six borrowed ones, rather than the user's second one."""
    second_device_days: list[float] = field(default_factory=lambda: [1.0, 14.0])
    """Period in which one such occasion occurs, drawn for each user: shortest and longest [days]."""
    second_device_h: list[float] = field(default_factory=lambda: [2.0, 96.0])
    """Duration of such an occasion, shortest and longest [h]; at most half a period."""
    device_seen_h: list[float] = field(default_factory=lambda: [0.0, 0.0])
    """Delay after which the inventory shows a SIM's new device, shortest and longest [h]."""
    device_missed: float = field(default=0.0, metadata=within(0, 1))
    """Share of the changes of device that the inventory never shows; also the share of the users for whom it shows, at
    first, a device from before the world."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        months = self.created_months
        if len(months) != 2 or not 0 <= months[0] <= months[1] <= 600 or months[1] == 0:
            yield Fault(
                f"{key}.created_months", "be [least, most] with 0 <= least <= most <= 600, most above 0", months
            )
        for name, least, most in (
            ("sim_back_h", 0.1, 10_000),
            ("second_device_days", 0.25, 365),
            ("second_device_h", 0.1, 4380),
            ("device_seen_h", 0, 10_000),
        ):
            span = getattr(self, name)
            if len(span) != 2 or not least <= span[0] <= span[1] <= most:
                yield Fault(f"{key}.{name}", f"be [least, most] with {least} <= least <= most <= {most}", span)
