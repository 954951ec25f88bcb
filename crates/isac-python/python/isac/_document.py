"""Documents in, results out."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isac import _isac
from isac._arrays import number, numeric
from isac._errors import refuse


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """The answer to a problem. It is frozen, its arrays are read-only.

    Attributes
    ----------
    status : str
        ``solved``, ``inaccurate``, ``limit`` with a point; ``infeasible`` with a proof; otherwise
        ``no_point_below``, ``ill_posed`` or ``unknown``.
    stop_reason : str
        Why it stopped.
    objective : float or None
        Objective of the returned point by the original formulas.
    bound : float or None
        What no point is better than, where that was proved.
    gap : float or None
        ``|bound - objective| / |objective|``.
    violation : float or None
        Largest violation of a constraint at the returned point, by the original formulas.
    beams : mapping of str to ndarray
        Beamformers or covariances by name, complex128.
    metrics : mapping of str to float or list
        Values with their unit in the name.
    schema, algorithm, certificate, iterations, seed, warnings, versions
        What was solved, by what, kind of the bound, iterations, seed, doubts about the physics, versions.
    """

    schema: str
    algorithm: str
    status: str
    stop_reason: str
    objective: float | None
    bound: float | None
    gap: float | None
    violation: float | None
    beams: Mapping[str, NDArray[np.complex128]]
    metrics: Mapping[str, Any]
    certificate: str | None
    iterations: int
    seed: int
    warnings: tuple[str, ...]
    versions: Mapping[str, str]
    report: str = field(default="{}")

    def __repr__(self) -> str:
        rows = [("problem", f"{self.schema} ({self.algorithm})"), ("status", f"{self.status}: {self.stop_reason}")]
        rows += [("warning", text) for text in self.warnings]
        if self.objective is not None:
            rows.append(("objective", f"{self.objective:.12g}"))
        if self.violation is not None:
            rows.append(("max violation", f"{self.violation:.3e}"))
        if self.certificate is not None and self.bound is not None:
            gap = "" if self.gap is None else f", relative gap {self.gap:.3e}"
            rows.append(("certificate", f"{self.certificate}: {self.bound:.12g}{gap}"))
        rows.append(("iterations", str(self.iterations)))
        for name, value in self.metrics.items():
            rows.append((name, f"{value:.12g}" if isinstance(value, float) else json.dumps(value)))
        for name, beam in self.beams.items():
            rows.append((name, " x ".join(map(str, beam.shape)) + " complex"))
        return "\n".join(f"{name:<14} {text}" for name, text in rows)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _result, (self.report,)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the beams as arrays and the whole report as JSON text (``report``) into an ``.npz`` file.

        Parameters
        ----------
        path : str or path
            The file; an existing one is replaced.
        """
        with open(path, "wb") as file:
            np.savez(file, allow_pickle=False, **{"report": np.array(self.report), **self.beams})


def _result(text: str) -> Result:
    report = json.loads(text)
    beams = {}
    for name, parts in report["beamformers"].items():
        beam = np.asarray(parts["re"], dtype=np.float64) + 1j * np.asarray(parts["im"], dtype=np.float64)
        beam.setflags(write=False)
        beams[name] = beam
    certificate = report["certificate"] or {}
    return Result(
        schema=report["schema"],
        algorithm=report["algorithm"],
        status=report["status"],
        stop_reason=report["stop_reason"],
        objective=report["objective"],
        bound=certificate.get("bound"),
        gap=certificate.get("relative_gap"),
        violation=report["max_violation"],
        beams=MappingProxyType(beams),
        metrics=MappingProxyType(report["metrics"]),
        certificate=certificate.get("kind"),
        iterations=report["iterations"],
        seed=report["seed"],
        warnings=tuple(report.get("warnings", ())),
        versions=MappingProxyType(report["versions"]),
        report=text,
    )


def _plain(name: str, value: object) -> Any:
    """A value of a document as JSON has it: complex arrays become ``{"re", "im"}``."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise refuse(name or "document", repr(key), "keys that are texts")
        return {key: _plain(f"{name}.{key}" if name else key, item) for key, item in value.items()}
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (list, tuple)):
        if not _has_complex(value):
            return [_plain(f"{name}[{i}]", item) for i, item in enumerate(value)]
    elif not isinstance(value, (int, float, complex, np.ndarray, np.generic)):
        raise refuse(name or "document", type(value).__name__, "numbers, texts, lists, arrays and dictionaries")
    array = numeric(name, value)
    if array.dtype.kind == "c":
        return {"re": array.real.tolist(), "im": array.imag.tolist()}
    return array.tolist()


def _has_complex(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_has_complex(item) for item in value)
    return isinstance(value, (complex, np.complexfloating)) or (
        isinstance(value, np.ndarray) and value.dtype.kind == "c"
    )


def solve(
    document: Mapping[str, Any] | str | os.PathLike[str],
    *,
    algorithm: str | None = None,
    seed: int | None = None,
    case: int | None = None,
    certify: str = "local",
    time_limit: float | None = None,
    proof: str | os.PathLike[str] | None = None,
) -> Result:
    """Solves the problem of a document and certifies the answer. Ctrl-C ends the call.

    Parameters
    ----------
    document : dict or path
        A document as `docs/scenarios.md` describes it: a dictionary (arrays may be numpy arrays or lists,
        complex where the document says ``{"re", "im"}``), or the path of a ``.toml`` or ``.json`` file.
    algorithm : str, optional
        Algorithm by name; the default of the problem otherwise.
    seed : int, optional
        Seed of all random draws; the document's own, or 1, otherwise.
    case : int, optional
        Which case of a document with several, from 0.
    certify : {"local", "none", "global"}
        What is proved about the point: what one relaxation proves, nothing, or a bound on the global optimum
        by a search, which may take minutes.
    time_limit : float, optional
        Seconds after which there is no answer (status ``unknown``, no objective); a search for a global bound
        ends earlier and keeps what it has proved.
    proof : str or path, optional
        With ``certify="global"``: the file for the proof of the bound, for `isac.verify` and the program's
        ``isac verify``. It is not written, and a `UserWarning` says so, where no proof was found.

    Returns
    -------
    Result
        Status, objective, bound, gap, violation, beams and metrics.

    Raises
    ------
    InputError
        Bad input: the key as it is spelt, the value, and what was expected.
    NumericalError
        The arithmetic broke down.

    Examples
    --------
    >>> import isac
    >>> result = isac.solve({"schema": "noma/1"})
    >>> result.status
    'solved'
    """
    for name, value in (("seed", seed), ("case", case)):
        if value is not None and (isinstance(value, bool) or not 0 <= int(value) < 2**64 or value != int(value)):
            raise refuse(name, value, "a whole number from 0")
    if isinstance(document, Mapping):
        text, path = json.dumps(_plain("", document)), None
    elif isinstance(document, (str, os.PathLike)):
        text, path = None, os.fspath(document)
    else:
        raise refuse("document", type(document).__name__, "a dictionary or a path")
    if proof is not None and certify != "global":
        raise refuse("proof", os.fspath(proof), 'a proof with certify="global" alone')
    limit = None if time_limit is None else number("time_limit", time_limit)
    report, proved = _isac.solve_document(text, path, case, algorithm, seed, certify, limit)
    if proof is not None:
        if proved is None:
            warnings.warn(f"no proof was found, {os.fspath(proof)} is not written", stacklevel=2)
        else:
            Path(proof).write_text(proved + "\n", encoding="utf-8")
    return _result(report)


@dataclass(frozen=True)
class Verdict:
    """What checking a proof has found.

    Attributes
    ----------
    proved : bool
        Whether every step holds.
    kind : str or None
        What the bound is, such as ``upper_bound``; ``infeasible`` where the proof is that no point exists.
    bound, value, gap : float or None
        No point has a better objective than the bound; objective of the point in the proof, by the original
        formulas; their relative distance.
    leaves : int or None
        Boxes that cover the domain.
    why : str or None
        By which rule no point exists, or what does not hold.
    """

    proved: bool
    kind: str | None = None
    bound: float | None = None
    value: float | None = None
    gap: float | None = None
    leaves: int | None = None
    why: str | None = None


def verify(path: str | os.PathLike[str]) -> Verdict:
    """Checks a proof by code that shares nothing with the search that found it.

    Parameters
    ----------
    path : str or path
        The file that `solve` wrote to ``proof``, or the program's ``isac solve --proof``.

    Returns
    -------
    Verdict
        ``proved`` is False where something does not hold; ``why`` says what.

    Raises
    ------
    InputError
        No proof, or one whose form is broken.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise refuse("path", type(path).__name__, "a path")
    found = json.loads(_isac.verify_proof(os.fspath(path)))
    if found["verdict"] == "refused":
        return Verdict(False, why=found["why"])
    if found["verdict"] == "infeasible":
        return Verdict(True, kind="infeasible", why=found["rule"])
    return Verdict(True, found["kind"], found["bound"], found["value"], found["relative_gap"], found["leaves"])
