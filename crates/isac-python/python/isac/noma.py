"""NOMA-ISAC beamforming with arrays in: each function writes the document of its problem and solves it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isac._arrays import matrix, number, vector
from isac._document import Result, solve
from isac._errors import refuse

__all__ = ["max_min", "power_min"]


def _document(
    H: ArrayLike,
    noise_W: float,
    angles_deg: ArrayLike,
    steering: ArrayLike | None,
    Ps_W: float,
    Pdiff_W: float,
    xi_W2: float | None,
    eps: float,
    case: dict[str, Any],
) -> dict[str, Any]:
    h = matrix("H", H)
    document: dict[str, Any] = {"schema": "noma/1", "H": h, "sigma2_W": number("noise_W", noise_W)}
    angles = np.asarray(angles_deg)
    if steering is not None:
        if angles.size:
            raise refuse("steering", "a matrix beside angles_deg", "either of the two")
        document["steering"] = matrix("steering", steering, rows=h.shape[0])
    elif angles.size:
        document["angles_deg"] = vector("angles_deg", angles, angles.size)
    if steering is not None or angles.size:
        document["Ps_W"] = number("Ps_W", Ps_W)
        document["Pdiff_W"] = number("Pdiff_W", Pdiff_W)
        if xi_W2 is not None:
            document["xi_W2"] = number("xi_W2", xi_W2)
    radius = number("eps", eps)
    if radius != 0:
        case = {**case, "problem": "robust_" + case["problem"], "eps": radius}
    document["cases"] = [case]
    return document


def power_min(
    H: ArrayLike,
    *,
    sinr_db: ArrayLike,
    noise_W: float,
    angles_deg: ArrayLike = (),
    steering: ArrayLike | None = None,
    Ps_W: float = 0.0,
    Pdiff_W: float = 0.0,
    xi_W2: float | None = None,
    sic: str = "own",
    eps: float = 0.0,
    algorithm: str | None = None,
) -> Result:
    """Least power under SINR targets and what targets are owed.

    Parameters
    ----------
    H : array, antennas x users
        Channels, column by user.
    sinr_db : float or array of one per user
        SINR targets, dB.
    noise_W : float
        Noise power of a user, W.
    angles_deg : array, optional
        Directions of the targets seen by a half-wavelength line array, degrees; or
    steering : array, antennas x targets, optional
        their steering vectors.
    Ps_W, Pdiff_W : float
        Least power towards each target and largest difference between two, W.
    xi_W2 : float, optional
        Largest mean squared cross-correlation, W^2; unlimited if absent.
    sic : {"own", "full", "orthogonal", "linear"}
        Who decodes what.
    eps : float
        Radius of the channel errors; above 0 the design is robust against all of them.
    algorithm : str, optional
        ``auto`` or ``relaxation``.

    Returns
    -------
    Result
        ``beams["w"]`` is antennas x users where beams were found.

    Examples
    --------
    >>> import isac
    >>> result = isac.noma.power_min([[1.0], [1j]], sinr_db=10.0, noise_W=0.1)
    >>> round(result.objective, 9)  # 10 * 0.1 / |h|^2
    0.5
    """
    users = matrix("H", H).shape[1]
    case = {"problem": "power_min", "sic": sic, "gamma_dB": vector("sinr_db", sinr_db, users)}
    document = _document(H, noise_W, angles_deg, steering, Ps_W, Pdiff_W, xi_W2, eps, case)
    return solve(document, algorithm=algorithm)


def max_min(
    H: ArrayLike,
    *,
    power_W: float,
    noise_W: float,
    angles_deg: ArrayLike = (),
    steering: ArrayLike | None = None,
    Ps_W: float = 0.0,
    Pdiff_W: float = 0.0,
    xi_W2: float | None = None,
    sic: str = "own",
    eps: float = 0.0,
    algorithm: str | None = None,
) -> Result:
    """Largest SINR that all users have at once under a power budget.

    Parameters
    ----------
    power_W : float
        Power budget, W.
    H, noise_W, angles_deg, steering, Ps_W, Pdiff_W, xi_W2, sic, eps
        As for `power_min`.
    algorithm : str, optional
        ``auto``, ``joint``, ``slope`` or ``bisection``.

    Returns
    -------
    Result
        ``objective`` is the common SINR, linear.
    """
    case = {"problem": "max_min", "sic": sic, "P_total_W": number("power_W", power_W)}
    document = _document(H, noise_W, angles_deg, steering, Ps_W, Pdiff_W, xi_W2, eps, case)
    return solve(document, algorithm=algorithm)
