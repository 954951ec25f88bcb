"""Metrics with their gradients.

A gradient is the ``G`` with ``df = Re tr(G^H dW)``: twice the conjugate Wirtinger derivative. For scipy's real
variables ``x = [Re W, Im W]`` it is ``[Re G, Im G]``; pymanopt's and torch's complex gradients are ``G`` itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isac import _isac
from isac._arrays import matrix, number, numeric, vector
from isac._errors import refuse

__all__ = ["AngleSensing", "sinr", "sum_rate"]


def _downlink(
    H: ArrayLike, W: ArrayLike, noise_W: ArrayLike
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], list[float]]:
    h = matrix("H", H)
    w = matrix("W", W, rows=h.shape[0])
    if w.shape[1] < h.shape[1]:
        raise refuse("W", f"{w.shape[1]} columns", f"at least {h.shape[1]}, one per user")
    noise = vector("noise_W", noise_W, h.shape[1])
    if not (noise > 0).all():
        raise refuse("noise_W", noise.min(), "powers > 0 W")
    return h, w, noise.tolist()


def sinr(H: ArrayLike, W: ArrayLike, noise_W: ArrayLike) -> NDArray[np.float64]:
    """SINR of each user.

    Parameters
    ----------
    H : array, antennas x users
        Channels.
    W : array, antennas x streams
        Beamformer; column ``k`` carries the message of user ``k``, columns beyond are sensing streams.
    noise_W : float or array of one per user
        Noise power, W.

    Returns
    -------
    ndarray
        One number per user, linear.
    """
    return np.asarray(_isac.sinr(*_downlink(H, W, noise_W)))


def sum_rate(H: ArrayLike, W: ArrayLike, noise_W: ArrayLike) -> tuple[float, NDArray[np.complex128]]:
    """Sum rate in nats/s/Hz and its gradient.

    Parameters
    ----------
    H, W, noise_W
        As for `sinr`.

    Returns
    -------
    value : float
        The sum rate.
    gradient : ndarray, antennas x streams
        ``G`` with ``df = Re tr(G^H dW)``.
    """
    return _isac.sum_rate(*_downlink(H, W, noise_W))


class AngleSensing:
    """Targets in the far field of a transmit and a receive planar array.

    Parameters
    ----------
    transmit, receive : (int, int)
        Columns and rows of the arrays.
    theta_rad, phi_rad : array, one per target
        Azimuths and inclinations, rad.
    alpha : array of complex, one per target
        Reflection coefficients.
    snapshots : int
        Samples L.
    noise_W : float
        Noise power at each receive antenna, W.
    kron_order : {"hv", "vh"}
        Order of the elements: as printed in the paper, or as in its released code.
    """

    def __init__(
        self,
        transmit: tuple[int, int],
        receive: tuple[int, int],
        theta_rad: ArrayLike,
        phi_rad: ArrayLike,
        alpha: ArrayLike,
        snapshots: int,
        noise_W: float,
        kron_order: str = "hv",
    ) -> None:
        if kron_order not in ("hv", "vh"):
            raise refuse("kron_order", repr(kron_order), "'hv' or 'vh'")
        coefficients = np.atleast_1d(numeric("alpha", alpha)).astype(np.complex128)
        if coefficients.ndim != 1:
            raise refuse("alpha", f"{coefficients.ndim} dimensions", "one number per target")
        count = len(coefficients)
        self._transmit = _sides("transmit", transmit)
        self._sensing = _isac.AngleSensing(
            self._transmit,
            _sides("receive", receive),
            kron_order == "hv",
            vector("theta_rad", theta_rad, count).tolist(),
            vector("phi_rad", phi_rad, count).tolist(),
            coefficients,
            _count("snapshots", snapshots),
            number("noise_W", noise_W),
        )

    def crlb_trace(self, W: ArrayLike) -> tuple[float, NDArray[np.complex128]]:
        """Trace of the Cramer-Rao bound of all angles and coefficients, and its gradient.

        Parameters
        ----------
        W : array, antennas x streams
            Beamformer.

        Returns
        -------
        value : float
            The trace.
        gradient : ndarray, antennas x streams
            ``G`` with ``df = Re tr(G^H dW)``.
        """
        w = matrix("W", W, rows=self._transmit[0] * self._transmit[1])
        return self._sensing.crlb_trace(w)


def _count(name: str, value: object) -> int:
    found = number(name, value)
    if found != int(found) or found < 1:
        raise refuse(name, value, "a whole number from 1")
    return int(found)


def _sides(name: str, value: Sequence[int]) -> tuple[int, int]:
    sides = numeric(name, value)
    if sides.shape != (2,):
        raise refuse(name, value, "two whole numbers: columns and rows")
    return _count(name, sides[0]), _count(name, sides[1])
