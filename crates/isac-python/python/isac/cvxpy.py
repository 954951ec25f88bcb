"""The conic engine for CVXPY: ``problem.solve(solver=isac.cvxpy.ISAC())``, versions 1.6 to 1.9.

Linear, second-order and semidefinite cones. Hermitian matrices are solved as such, not as real ones of twice
the order, and matrix variables are reduced to the span of their data where that is exact.
"""

from __future__ import annotations

from typing import Any

import cvxpy.settings as s
import numpy as np
from cvxpy.constraints import PSD, SOC
from cvxpy.reductions.solution import Solution, failure_solution
from cvxpy.reductions.solvers import utilities
from cvxpy.reductions.solvers.conic_solvers.conic_solver import ConicSolver

from numpy.typing import NDArray

from isac import _isac
from isac._arrays import number
from isac._errors import refuse

__all__ = ["ISAC"]

#: What may be passed to ``problem.solve`` beside the solver, with the defaults.
OPTIONS: dict[str, Any] = {
    "tolerance": 1e-9,
    "accept": 1e-8,
    "max_iterations": 150,
    "reduce": True,
    "extend": True,
    "time_limit": None,
}

#: An outcome is `optimal` with all six DIMACS errors below `accept` alone, `infeasible` and `unbounded` with
#: a proof alone.
STATUS = {
    "solved": s.OPTIMAL,
    "inaccurate": s.OPTIMAL_INACCURATE,
    "infeasible": s.INFEASIBLE,
    "no_point_below": s.INFEASIBLE_INACCURATE,
    "unbounded": s.UNBOUNDED,
    "no_multipliers_below": s.UNBOUNDED_INACCURATE,
    "ill_posed": s.SOLVER_ERROR,
    "unknown": s.SOLVER_ERROR,
}


def _rows_by_matrix(dims: Any, constraints: list[Any]) -> NDArray[np.intp] | None:
    """The order of rows in which a batch of matrices, whose entries CVXPY interleaves, stands matrix by
    matrix; None where there is no batch."""
    shapes = [c.args[0].shape for c in constraints if isinstance(c, PSD)]
    if all(len(shape) == 2 for shape in shapes):
        return None
    first = int(dims.zero) + int(dims.nonneg) + sum(int(n) for n in dims.soc)
    order = [np.arange(first)]
    for shape in shapes:
        rows = first + np.arange(np.prod(shape)).reshape(shape, order="F")
        order += [rows[batch].ravel(order="F") for batch in np.ndindex(shape[:-2])]
        first += rows.size
    return np.concatenate(order)


class ISAC(ConicSolver):  # type: ignore[misc]
    """A solver for CVXPY.

    Options of ``problem.solve`` beside the solver: ``tolerance`` (1e-9), ``accept`` (1e-8, the largest of the
    six DIMACS errors of ``optimal``), ``max_iterations`` (150), ``reduce`` and ``extend`` (both True: the
    reduction to the span of the data, and 31 digits where 16 end short), ``time_limit`` (None; seconds, after
    which the best point so far is judged like any other). A point that a limit was reached at without being
    accepted has the status ``user_limit``.

    Examples
    --------
    >>> import cvxpy, isac.cvxpy
    >>> x = cvxpy.Variable()
    >>> cvxpy.Problem(cvxpy.Minimize(x), [x >= 2]).solve(solver=isac.cvxpy.ISAC())  # doctest: +SKIP
    2.0
    """

    SUPPORTED_CONSTRAINTS = [*ConicSolver.SUPPORTED_CONSTRAINTS, SOC, PSD]
    MIP_CAPABLE = False
    REQUIRED_MODULES = ["isac"]

    def name(self) -> str:
        """Name of the solver."""
        return "ISAC"

    def import_solver(self) -> None:
        """Nothing to import: it is here."""

    def cite(self, data: Any) -> str:
        """No citation."""
        return ""

    def apply(self, problem: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The data of a compiled problem, the matrices of a batch one after the other."""
        data, inverse_data = super().apply(problem)
        order = _rows_by_matrix(data[ConicSolver.DIMS], inverse_data[self.NEQ_CONSTR])
        if order is not None:
            data[s.A], data[s.B] = data[s.A].tocsr()[order], data[s.B][order]
        inverse_data["order"] = order
        return data, inverse_data

    def solve_via_data(
        self,
        data: dict[str, Any],
        warm_start: bool,
        verbose: bool,
        solver_opts: dict[str, Any],
        solver_cache: Any = None,
    ) -> dict[str, Any]:
        """Solves the program that CVXPY compiled."""
        options = dict(OPTIONS)
        for key, value in solver_opts.items():
            if key == "use_quad_obj":
                continue
            if key not in options:
                raise refuse(key, value, "one of the options " + ", ".join(OPTIONS))
            options[key] = value
        limit = options["time_limit"]
        limit = None if limit is None else number("time_limit", limit)
        a, b, c = data[s.A], data[s.B], data[s.C]
        dims = data[ConicSolver.DIMS]
        a = a.tocsc()
        a.sum_duplicates()
        answer = _isac.solve_cones(
            np.ascontiguousarray(a.data, dtype=np.float64),
            np.ascontiguousarray(a.indices, dtype=np.int64),
            np.ascontiguousarray(a.indptr, dtype=np.int64),
            np.ascontiguousarray(b, dtype=np.float64).reshape(-1),
            np.ascontiguousarray(c, dtype=np.float64).reshape(-1),
            int(dims.zero),
            int(dims.nonneg),
            [int(n) for n in dims.soc],
            [int(n) for n in dims.psd],
            tolerance=float(options["tolerance"]),
            accept=float(options["accept"]),
            max_iterations=int(options["max_iterations"]),
            reduce=bool(options["reduce"]),
            extend=bool(options["extend"]),
            time_limit=limit,
        )
        if "x" in answer:
            answer["value"] = float(np.dot(np.asarray(c).reshape(-1), answer["x"]))
        if verbose:
            print(f"isac: {answer['outcome']}, {answer['iterations']} iterations, error {answer['error']:.1e}")
        return answer

    def invert(self, solution: dict[str, Any], inverse_data: dict[str, Any]) -> Solution:
        """The answer in CVXPY's terms."""
        status = STATUS[solution["outcome"]]
        # CVXPY takes this status for one with a point.
        if solution["why"] in ("iteration_limit", "stopped") and "x" in solution:
            status = s.USER_LIMIT
        attributes = {s.NUM_ITERS: solution["iterations"], s.EXTRA_STATS: dict(solution)}
        if status not in s.SOLUTION_PRESENT or "x" not in solution:
            return failure_solution(status, attributes)
        zero = inverse_data[ConicSolver.DIMS].zero
        z = solution["z"]
        order = inverse_data["order"]
        if order is not None:
            z = np.empty_like(z)
            z[order] = solution["z"]
        duals = utilities.get_dual_values(z[:zero], utilities.extract_dual_value, inverse_data[self.EQ_CONSTR])
        duals.update(
            utilities.get_dual_values(z[zero:], utilities.extract_dual_value, inverse_data[self.NEQ_CONSTR])
        )
        for batch in (c for c in inverse_data[self.NEQ_CONSTR] if isinstance(c, PSD)):
            key, shape = batch.id, batch.args[0].shape
            if len(shape) > 2:
                duals[key] = np.reshape(duals[key], shape, order="F")
        value = solution["value"] + inverse_data[s.OFFSET]
        return Solution(status, value, {inverse_data[self.VAR_ID]: solution["x"]}, duals, attributes)
