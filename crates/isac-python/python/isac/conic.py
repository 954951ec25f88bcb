"""Cone programs over complex Hermitian matrices, as thin as in Rust.

Inner products are real: ``<A, X> = Re tr(A X)``. Matrices and vectors of data may be lists or arrays of any
numeric type and strides; a vector of ``n`` entries may have the shape ``(n,)`` or ``(n, 1)``.

Examples
--------
The relaxation of ``max |h1^H w|^2 / (|h2^H w|^2 + 1)`` under a power budget of 10:

>>> import isac
>>> h1, h2 = [1, 1j], [1, 1]
>>> program = isac.conic.Program()
>>> w, t = program.psd("W", 2), program.nonneg("t")
>>> scale = program.equal("scale", w.quadratic(h2) + t, 1)
>>> power = program.at_most("power", w.trace(), 10 * t)
>>> program.maximise(w.quadratic(h1))
>>> answer = program.solve()
>>> answer.status
'solved'
>>> round(answer.objective, 6)  # 10 (2 - 2 / (2 + 1/10))
10.47619
"""

from isac._isac import Affine, Answer, Cone, Expression, Lmi, Matrix, Program, Row, Scalar, Vector

__all__ = ["Affine", "Answer", "Cone", "Expression", "Lmi", "Matrix", "Program", "Row", "Scalar", "Vector"]
