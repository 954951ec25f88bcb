"""The printed Algorithm 1 of [noma] through cvxpy at N = 8, timed.

Solves Eq. (13) in antenna space with CLARABEL at every midpoint of the printed bracket, with the test
mended to P*(t) <= P_total, for both decoding modes. Needs numpy and cvxpy.

    python3 benches/peers/noma_cvxpy.py FILE [seed]

FILE receives the channels, for our side of the comparison (`examples/noma_peer.rs`).
"""

import json
import sys
import time

import cvxpy as cp
import numpy as np

N, K, NOISE, P_S, P_DIFF, XI, P_TOTAL, MU = 8, 3, 0.01, 2.0, 0.001, 10.0, 6.0, 0.02


def scene(seed):
    rng = np.random.default_rng(seed)
    h = (rng.standard_normal((N, K)) + 1j * rng.standard_normal((N, K))) / np.sqrt(2)
    h = h[:, np.argsort(np.linalg.norm(h, axis=0))]
    sines = np.sin(np.deg2rad([-60.0, 60.0]))
    return h, np.exp(1j * np.pi * np.outer(np.arange(N), sines))


def least_power(h, a, t, full):
    w = [cp.Variable((N, N), hermitian=True) for _ in range(K)]
    cov = sum(w)
    pattern = [cp.real(a[:, m].conj() @ cov @ a[:, m]) for m in range(2)]
    rows = [x >> 0 for x in w] + [p >= P_S for p in pattern]
    rows += [cp.abs(pattern[0] - pattern[1]) <= P_DIFF]
    rows += [cp.abs(a[:, 0].conj() @ cov @ a[:, 1]) <= np.sqrt(XI)]
    for k in range(K):
        for l in range(k, K if full else k + 1):
            gain = [cp.real(h[:, l].conj() @ x @ h[:, l]) for x in w]
            rows.append(gain[k] >= t * (sum(gain[k + 1:]) + NOISE))
    problem = cp.Problem(cp.Minimize(cp.real(cp.trace(cov)) + sum(pattern)), rows)
    problem.solve(solver=cp.CLARABEL)
    return problem.value if problem.status.startswith("optimal") else np.inf


def main():
    h, a = scene(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    with open(sys.argv[1], "w") as file:
        json.dump({"schema": "noma/1", "H": {"re": h.real.tolist(), "im": h.imag.tolist()}}, file)
    for full in (False, True):
        low, high, solves = 0.0, P_TOTAL * np.linalg.norm(h[:, 0]) ** 2 / NOISE, 0
        start = time.process_time()
        while high - low > MU:
            t = (low + high) / 2
            solves += 1
            low, high = (t, high) if least_power(h, a, t, full) <= P_TOTAL else (low, t)
        seconds = time.process_time() - start
        print(f"{'full' if full else 'own'}: t = {low:.4f}, {solves} solves, {seconds:.4f} CPU s")


if __name__ == "__main__":
    main()
