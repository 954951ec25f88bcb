"""Sum rate against the Cramer-Rao bound with arrays in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isac._arrays import matrix, number, numeric, vector
from isac._document import Result, solve
from isac.metrics import _count, _sides

__all__ = ["design"]


def design(
    H: ArrayLike,
    *,
    transmit: tuple[int, int],
    receive: tuple[int, int],
    theta_rad: ArrayLike,
    phi_rad: ArrayLike,
    alpha: ArrayLike,
    power_W: float,
    noise_W: ArrayLike,
    radar_noise_W: float,
    snapshots: int = 30,
    rate_weight: float = 0.25,
    crlb_weight: float = 1.0,
    kron_order: str = "hv",
    start: ArrayLike | None = None,
    algorithm: str | None = None,
) -> Result:
    """Beamformer that maximises ``rate_weight * sum rate - crlb_weight * tr(CRLB)`` under a power budget, with an
    upper bound of the optimum.

    Parameters
    ----------
    H : array, antennas x users
        Channels.
    transmit, receive : (int, int)
        Columns and rows of the two planar arrays.
    theta_rad, phi_rad : array, one per target
        Azimuths and inclinations, rad.
    alpha : array of complex, one per target
        Reflection coefficients.
    power_W : float
        Power budget, W.
    noise_W : float or array of one per user
        Noise power of the users, W.
    radar_noise_W : float
        Noise power of the radar, W.
    snapshots : int
        Samples L.
    rate_weight, crlb_weight : float
        Weights of the sum rate in nats and of the trace of the CRLB.
    kron_order : {"hv", "vh"}
        Order of the elements, see `isac.metrics.AngleSensing`.
    start : array, antennas x streams, optional
        Where a method of ascent starts.
    algorithm : str, optional
        A method by name; the default otherwise.

    Returns
    -------
    Result
        ``beams["W"]`` is antennas x streams, columns beyond the users are sensing streams.
    """
    nt, nr = _sides("transmit", transmit), _sides("receive", receive)
    h = matrix("H", H, rows=nt[0] * nt[1])
    coefficients = np.atleast_1d(numeric("alpha", alpha)).astype(np.complex128)
    count = coefficients.size
    document: dict[str, Any] = {
        "schema": "obs-crlb/1",
        "parameters": {
            "nt_h": nt[0],
            "nt_v": nt[1],
            "nr_h": nr[0],
            "nr_v": nr[1],
            "K": h.shape[1],
            "M": count,
            "L": _count("snapshots", snapshots),
            "Pt": number("power_W", power_W),
            "sigma_c2": vector("noise_W", noise_W, h.shape[1]),
            "sigma_s2": number("radar_noise_W", radar_noise_W),
            "delta_c": number("rate_weight", rate_weight),
            "delta_s": number("crlb_weight", crlb_weight),
            "kron_order": kron_order,
        },
        "theta": vector("theta_rad", theta_rad, count),
        "phi": vector("phi_rad", phi_rad, count),
        "alpha": coefficients.reshape(-1),
        "H": h,
    }
    if start is not None:
        document["W0"] = matrix("start", start, rows=h.shape[0])
    return solve(document, algorithm=algorithm)
