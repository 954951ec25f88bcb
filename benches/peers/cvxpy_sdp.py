"""Solves power_N.dat-s of the conic comparison with cvxpy and prints `name N milliseconds`, CPU
time of the solver without cvxpy's own part.

The file holds the real embedding; the program is stated in the dual (few variables, LMI) form,
the one that suits Clarabel best. Clarabel is left out above N = 32: it needs minutes and gigabytes.
"""
import sys
import time

import cvxpy as cp
import numpy as np


def read(path):
    with open(path) as file:
        m = int(file.readline())
        file.readline()
        sizes = [int(s) for s in file.readline().split()]
        c = np.array([float(v) for v in file.readline().split()])
        f = [[np.zeros((abs(n), abs(n))) for n in sizes] for _ in range(m + 1)]
        for line in file:
            k, b, i, j, v = line.split()
            i, j = int(i) - 1, int(j) - 1
            f[int(k)][int(b) - 1][i, j] = f[int(k)][int(b) - 1][j, i] = float(v)
    return sizes, c, f


folder, *wanted = sys.argv[1:]
for n in map(int, wanted):
    sizes, c, f = read(f"{folder}/power_{n}.dat-s")
    for solver in ("CLARABEL", "SCS"):
        if solver == "CLARABEL" and n > 32:
            continue
        x = cp.Variable(len(c))
        constraints = []
        for b, size in enumerate(sizes):
            total = sum(x[k] * f[k + 1][b] for k in range(len(c))) - f[0][b]
            constraints.append(cp.diag(total) >= 0 if size < 0 else total >> 0)
        problem = cp.Problem(cp.Minimize(c @ x), constraints)
        data, chain, _ = problem.get_problem_data(solver)
        start = time.process_time()
        chain.solve_via_data(problem, data, solver_opts={})
        print(f"cvxpy+{solver.lower()} {n} {1000 * (time.process_time() - start):.3f}", flush=True)
