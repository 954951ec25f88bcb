"""Clarabel and isac behind CVXPY, on programs as people write them: time end to end, inside
`solve_via_data`, and what CVXPY itself takes. Needs the package isac, cvxpy, clarabel, scipy.

    python3 benches/peers/cvxpy_isac.py [qos|cellfree|reduced]... [--peer-up-to N] [--file power_data.mat]

- qos: least power under SINR targets of 10, K = 4 users, N = 8, 16, 24, 32 antennas, five seeds each; Clarabel
  runs up to `--peer-up-to` antennas (16 if absent), above 16 on the first seed alone, since it takes minutes.
- cellfree: the joint program of Demirhan and Alkhateeb (arXiv 2301.11328), records 0 to 49 at half the power for
  communication, covariances of the whole order; its file stands beside the checkout or is named.
- reduced: the same programs of `qos` by `isac.conic` alone, which reduces them, N up to 64.

CPU seconds of this process, one thread each; `optimal` counts statuses of ours, `error` is the worst of the six
DIMACS errors over the programs of a line.
"""

import os
import sys
import time
from pathlib import Path

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", RAYON_NUM_THREADS="1")

import cvxpy as cp  # noqa: E402
import isac.cvxpy  # noqa: E402
import numpy as np  # noqa: E402

USERS, TARGET = 4, 10.0


def channels(n, seed):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, USERS)) + 1j * rng.standard_normal((n, USERS))) / np.sqrt(2)


def quality_of_service(n, seed):
    h = channels(n, seed)
    covariances = [cp.Variable((n, n), hermitian=True) for _ in range(USERS)]
    rows = [x >> 0 for x in covariances]
    for k in range(USERS):
        a = np.outer(h[:, k], h[:, k].conj())
        received = [cp.real(cp.trace(a @ x)) for x in covariances]
        rows.append(received[k] - TARGET * (sum(received) - received[k]) >= TARGET)
    return cp.Problem(cp.Minimize(cp.real(cp.trace(sum(covariances)))), rows)


def cell_free(record):
    """Largest sensing SNR under the SINR of the record's own max-min design and 1 W per access point."""
    n, share = 16, 3
    steering = lambda x, y: np.exp(1j * np.pi * np.arange(n) * x / np.hypot(x, y))  # noqa: E731
    stacked = lambda point: np.concatenate([steering(*(point - access)) for access in record.AP])  # noqa: E731
    users, target = [stacked(user) for user in record.UE], stacked(record.Target)
    methods = record.power[share]
    floor = next(m.min_SINR_opt for m in methods if getattr(m, "min_SINR_opt", None) is not None)
    covariances = [cp.Variable((2 * n, 2 * n), hermitian=True) for _ in range(len(users) + 1)]
    total = sum(covariances)
    rows = [x >> 0 for x in covariances]
    for u, h in enumerate(users):
        a = np.outer(h, h.conj())
        own = cp.real(cp.trace(a @ covariances[u]))
        rows.append((1 + 1 / floor) * own >= cp.real(cp.trace(a @ total)) + 1)
    gains = []
    for m in range(2):
        block = slice(m * n, (m + 1) * n)
        rows.append(cp.real(cp.trace(total[block, block])) <= 1)
        a = target[block]
        gains.append(0.1 * cp.real(a.conj() @ total[block, block] @ a))
    return cp.Problem(cp.Maximize(sum(gains)), rows)


class Timed:
    """A solver whose `solve_via_data` is timed."""

    def __init__(self, solver):
        self.solver, self.inside = solver, 0.0
        inner = solver.solve_via_data

        def solve_via_data(*arguments, **keywords):
            start = time.process_time()
            try:
                return inner(*arguments, **keywords)
            finally:
                self.inside = time.process_time() - start

        solver.solve_via_data = solve_via_data


def clarabel():
    from cvxpy.reductions.solvers.conic_solvers.clarabel_conif import CLARABEL

    class Named(CLARABEL):
        # CVXPY wants another name for a solver instance of one's own.
        def name(self):
            return "TIMED"

    return Named()


def run(problem, make):
    timed = Timed(make())
    start = time.process_time()
    try:
        problem.solve(solver=timed.solver)
        status = problem.status
    except cp.error.SolverError:
        status = "solver_error"
    return time.process_time() - start, timed.inside, status, problem.value


def compare(name, programs, with_peer):
    """One line of the table; Clarabel runs on the first `with_peer` programs."""
    ours, theirs, errors, statuses, differences = [], [], [], [], []
    for number, build in enumerate(programs):
        # The first compilation warms CVXPY up; each side compiles a problem of its own.
        total, inside, status, value = run(build(), isac.cvxpy.ISAC)
        ours.append((total, inside))
        statuses.append(status == "optimal")
        if number < with_peer:
            total, inside, status, other = run(build(), clarabel)
            theirs.append((total, inside, status))
            if value is not None and other is not None:
                differences.append(abs(value - other) / abs(value))
        problem = build()
        problem.solve(solver=isac.cvxpy.ISAC())
        errors.append(problem.solver_stats.extra_stats["error"])
    total, inside = np.median(np.array(ours), axis=0)
    line = f"| {name} | {sum(statuses)} of {len(statuses)} | {max(errors):.1e} | {1e3 * total:.0f} | {1e3 * inside:.1f} "
    if theirs:
        peer = np.median(np.array([t[:2] for t in theirs]), axis=0)
        good = sum(t[2] == "optimal" for t in theirs)
        line += f"| {good} of {len(theirs)} | {1e3 * peer[0]:.0f} | {1e3 * peer[1]:.0f} "
        line += f"| {peer[0] / total:.0f} | {peer[1] / inside:.0f} | {max(differences, default=np.nan):.0e} |"
    else:
        line += "| | | | | | |"
    print(line, flush=True)


def reduced():
    print("| N | ms of isac.conic alone, programme building included |\n|---|---|")
    for n in (8, 16, 32, 64):
        times = []
        for seed in range(5):
            h = channels(n, seed)
            for _ in range(3):
                start = time.process_time()
                program = isac.conic.Program()
                w = [program.psd(f"W{k}", n) for k in range(USERS)]
                for k in range(USERS):
                    weights = [1.0 if j == k else -TARGET for j in range(USERS)]
                    row = weights[0] * w[0].quadratic(h[:, k])
                    for j in range(1, USERS):
                        row = row + weights[j] * w[j].quadratic(h[:, k])
                    program.at_least(f"user {k}", row, TARGET)
                cost = w[0].trace()
                for x in w[1:]:
                    cost = cost + x.trace()
                program.minimise(cost)
                assert program.solve().status == "solved"
                times.append(time.process_time() - start)
        print(f"| {n} | {1e3 * np.median(times):.2f} |", flush=True)


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def main():
    beside = Path(__file__).resolve().parents[3] / "shared/reference/cell-free/power_data.mat"
    file = Path(option("--file", str(beside)))
    peer = option("--peer-up-to", 16)
    wanted = [a for a in sys.argv[1:] if a in ("qos", "cellfree", "reduced")] or ["qos", "cellfree", "reduced"]
    quality_of_service(4, 0).solve(solver=isac.cvxpy.ISAC())
    print(f"cvxpy {cp.__version__}, isac {isac.__version__}; milliseconds, medians")
    if "qos" in wanted or "cellfree" in wanted:
        print("| programs | optimal | error | ours | inside | Clarabel optimal | Clarabel | inside ", end="")
        print("| ratio | ratio inside | values differ |\n|" + "---|" * 11)
    if "qos" in wanted:
        for n in (8, 16, 24, 32):
            builds = [lambda n=n, seed=seed: quality_of_service(n, seed) for seed in range(5)]
            compare(f"QoS, N = {n}", builds, (5 if n <= 16 else 1) if n <= peer else 0)
    if "cellfree" in wanted and not file.is_file():
        print(f"NOT RUN: cellfree, for {file.name} is absent", file=sys.stderr)
    elif "cellfree" in wanted:
        import scipy.io

        records = scipy.io.loadmat(file, squeeze_me=True, struct_as_record=False)["results"][:50]
        builds = [lambda record=record: cell_free(record) for record in records]
        compare("cell-free, order 32", builds, 1 if peer >= 32 else 0)
    if "reduced" in wanted:
        reduced()


if __name__ == "__main__":
    main()
