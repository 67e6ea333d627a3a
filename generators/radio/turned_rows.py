"""The rows of the radio map that change while an antenna is turned."""

from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.radio.cells import Air, Cells, antenna_gain_db, site_loss_db
from generators.radio.coverage import NO_CELL, RadioMap, Reach, away_from, hear, insert

UNKNOWN = -2
AS_EVER, OTHERWISE, LOST = range(3)
"""Changes of a pixel's list: none; some; its weakest cell is lost, so that the next best one may enter."""
Network = tuple[Cells, Air, Reach, RadioMap]


class Audible(NamedTuple):
    """The pixels in which a site could be heard, whatever the direction of its antennas; shape (n,) each."""

    pixel: Any
    """int64, ascending."""
    loss: Any
    """float64: path loss [dB]."""


def audible(site: int, network: Network) -> Audible:
    """Compute the path loss of a site in all pixels, and keep those in which it could be heard."""
    cells, air, reach, radio = network
    loss = np.empty(radio.columns * radio.rows)
    most = float(reach.sent_dbm[site] - air.threshold)
    _measure(site, most, cells, air, radio, loss)
    pixel = np.flatnonzero(loss <= most)
    return Audible(pixel, loss[pixel])


@kernel
def _measure(site: int, most: float, cells: Cells, air: Air, radio: RadioMap, loss: Any) -> None:
    for pixel in range(loss.shape[0]):
        loss[pixel] = site_loss_db(site, away_from(site, pixel, cells, radio), most, cells, air)


class RunnersUp(NamedTuple):
    """The strongest cell of each pixel that is not in its list, computed when needed; shape (P,) each."""

    cell: Any
    """int32: `NO_CELL` where no other cell can be heard, `UNKNOWN` where it has not been computed."""
    power: Any
    """float32 [dBm]."""

    @staticmethod
    def unknown(pixels: int) -> "RunnersUp":
        """Return the runners-up of a map, none of them computed yet."""
        return RunnersUp(np.full(pixels, UNKNOWN, np.int32), np.full(pixels, -np.inf, np.float32))


def turned_rows(cell: int, here: Audible, network: Network, next_best: RunnersUp) -> tuple[Any, Any, Any]:
    """Return the rows of the map that change when one cell's antenna is turned.

    Parameters
    ----------
    cell
        The cell whose antenna is turned.
    here
        Pixels in which its site could be received.
    network
        The cells, with the antenna turned; the propagation; upper bounds of each site; the previous map.
    next_best
        Known strongest cells outside the lists of the previous map; extended by this function.

    Returns
    -------
    tuple
        Pixels in which anything is heard otherwise, shape (n,); the cells heard there and their powers, shape (n, K).
    """
    radio = network[-1]
    power, what = np.empty(len(here.pixel), np.float32), np.empty(len(here.pixel), np.int8)
    _hear_one(cell, here, network, power, what)
    other = np.flatnonzero(what)
    pixels, lost = here.pixel[other], what[other] == LOST
    _find(pixels[lost], network, next_best)
    names, powers = radio.cell[pixels], radio.power[pixels]
    _put(cell, power[other], names, powers)
    _let_in(pixels, lost, next_best, names, powers)
    return pixels, names, powers


@kernel
def _hear_one(cell: int, here: Audible, network: Network, power: Any, what: Any) -> None:
    """Compute the power of one cell where its site could be heard, and how the list of each pixel changes."""
    cells, air, _, radio = network
    last = radio.cell.shape[1] - 1
    for i in range(here.pixel.shape[0]):
        pixel = here.pixel[i]
        before, weakest = np.float32(-np.inf), radio.power[pixel, last]
        for j in range(last + 1):
            if radio.cell[pixel, j] == cell:
                before = radio.power[pixel, j]
        dx, dy = away_from(cells.site[cell], pixel, cells, radio)
        heard = cells.eirp[cell] + antenna_gain_db(cell, dx, dy, cells, air) - here.loss[i]
        power[i] = np.float32(heard) if heard >= air.threshold else np.float32(-np.inf)
        listed, what[i] = before > -np.inf, AS_EVER
        comes_in = power[i] > weakest or (power[i] == weakest and cell < radio.cell[pixel, last])
        if power[i] != before and (listed or comes_in):
            full = radio.cell[pixel, last] != NO_CELL
            what[i] = LOST if listed and full and power[i] <= weakest else OTHERWISE


@kernel
def _put(cell: int, power: Any, names: Any, powers: Any) -> None:
    """Set the power of a cell in each list."""
    for i in range(power.shape[0]):
        kept = 0
        for j in range(names.shape[1]):
            if names[i, j] != cell:
                names[i, kept], powers[i, kept] = names[i, j], powers[i, j]
                kept += 1
        for j in range(kept, names.shape[1]):
            names[i, j], powers[i, j] = NO_CELL, -np.inf
        if power[i] > -np.inf:
            insert(names[i], powers[i], cell, power[i])


def _find(pixels: Any, network: Network, next_best: RunnersUp) -> None:
    """Compute the runners-up of some pixels with full lists, where they are not known."""
    radio = network[-1]
    new = pixels[next_best.cell[pixels] == UNKNOWN]
    names = np.column_stack([radio.cell[new], np.full(len(new), NO_CELL, np.int32)])
    powers = np.column_stack([radio.power[new], np.full(len(new), -np.inf, np.float32)])
    _hear_all(new, (*network[:-1], radio._replace(cell=names, power=powers)))
    next_best.cell[new], next_best.power[new] = names[:, -1], powers[:, -1]


@kernel
def _hear_all(pixels: Any, network: Network) -> None:
    """Insert all cells of the network into the list of each pixel."""
    cells, _, reach, radio = network
    for row in range(pixels.shape[0]):
        for site in range(reach.far_m.shape[0]):
            hear(site, away_from(site, pixels[row], cells, radio), row, network)


@kernel
def _let_in(pixels: Any, lost: Any, next_best: RunnersUp, names: Any, powers: Any) -> None:
    """Insert the runners-up into the lists that have lost their weakest cell."""
    for i in range(pixels.shape[0]):
        if lost[i] and next_best.cell[pixels[i]] != NO_CELL:
            insert(names[i], powers[i], next_best.cell[pixels[i]], next_best.power[pixels[i]])
