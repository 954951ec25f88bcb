"""Design, evaluate and certify beamformers for integrated sensing and communication.

===================  =========================================================================
`isac.solve`         the problem of a document: a dictionary, a TOML scenario, a JSON file
`isac.verify`        the proof of a global bound, checked
`isac.noma`          NOMA-ISAC: power minimisation and max-min SINR, plain and robust
`isac.obs_crlb`      sum rate against the Cramer-Rao bound
`isac.metrics`       metrics with their gradients
`isac.conic`         cone programs over Hermitian matrices, with certificates
`isac.cvxpy`         the same engine behind `problem.solve(solver=isac.cvxpy.ISAC())`
===================  =========================================================================

Channels `H` are antennas x users, beamformers `W` antennas x streams, powers watts, rates nats, unless a
name says otherwise.
"""

from isac import conic, metrics, noma, obs_crlb
from isac._document import Result, Verdict, solve, verify
from isac._errors import InputError, InternalError, IsacError, NumericalError
from isac._isac import __version__

__all__ = [
    "InputError",
    "InternalError",
    "IsacError",
    "NumericalError",
    "Result",
    "Verdict",
    "__version__",
    "conic",
    "metrics",
    "noma",
    "obs_crlb",
    "solve",
    "verify",
]
