"""Solves cell_free_I.dat-s, the joint designs after our reduction, with cvxpy and prints
`name I milliseconds objective`: CPU time of the solver without cvxpy's own part.

The program is stated in the dual (seven variables, six matrix inequalities of order 24), the form that suits
both solvers best. Tolerances as packaged (Clarabel 1e-8, SCS 1e-4).
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


folder, count = sys.argv[1], int(sys.argv[2])
for index in range(count):
    sizes, c, f = read(f"{folder}/cell_free_{index}.dat-s")
    for solver in ("CLARABEL", "SCS"):
        if solver not in cp.installed_solvers():
            if index == 0:
                print(f"NOT RUN: {solver} is not installed", file=sys.stderr)
            continue
        x = cp.Variable(len(c))
        constraints = []
        for b, size in enumerate(sizes):
            total = sum(x[k] * f[k + 1][b] for k in range(len(c))) - f[0][b]
            constraints.append(cp.diag(total) >= 0 if size < 0 else total >> 0)
        problem = cp.Problem(cp.Minimize(c @ x), constraints)
        data, chain, inverse = problem.get_problem_data(solver, solver_opts={})
        start = time.process_time()
        answer = chain.solve_via_data(problem, data, solver_opts={})
        spent = time.process_time() - start
        problem.unpack_results(answer, chain, inverse)
        print(f"cvxpy+{solver.lower()} {index} {1000 * spent:.3f} {problem.value:.10f}", flush=True)
