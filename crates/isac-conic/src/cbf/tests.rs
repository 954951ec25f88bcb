//! Problems with optima by hand, and lines that are refused.

use super::*;
use crate::outcome::{Options, Outcome};

fn problem(text: &str) -> Problem {
    read(text.as_bytes()).unwrap()
}

fn refused(text: &str) -> ReadError {
    match read(text.as_bytes()) {
        Err(Error::File(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn optimum(text: &str) -> f64 {
    match problem(text).program.solve(&Options::default()).unwrap() {
        Outcome::Solved(solution) => solution.objective,
        other => panic!("{}", other.name()),
    }
}

/// `min <[[2,1],[1,2]], X>` with unit trace: the least eigenvalue, 1.
const EIGENVALUE: &str = "\
# a comment
VER
1

OBJSENSE
MIN

PSDVAR
1
2

CON
1 1
L= 1

OBJFCOORD
3
0 0 0 2.0
0 1 0 1.0
0 1 1 2.0

FCOORD
2
0 0 0 0 1.0
0 0 1 1 1.0

BCOORD
1
0 -1.0
";

#[test]
fn the_least_eigenvalue() {
    assert!((optimum(EIGENVALUE) - 1.0).abs() < 1e-8);
    // The other triangle says the same, and the greatest eigenvalue is 3.
    let other = EIGENVALUE.replace("0 1 0 1.0", "0 0 1 1.0");
    assert!((optimum(&other) - 1.0).abs() < 1e-8);
    let most = EIGENVALUE.replace("MIN", "MAX");
    assert!((optimum(&most) - 3.0).abs() < 1e-8);
}

/// `min x0` over `x0 >= |(x1, x2)|`, `x1 + x2 = 2`: sqrt(2); in the rotated cone `2 x0 x1 >= x2^2` with
/// `x1 = 1`, `x2 = 3`: 4.5; nonpositive variables keep their sign.
#[test]
fn cones_of_scalars() {
    let cone = "VER\n2\nOBJSENSE\nMIN\nVAR\n3 1\nQ 3\nCON\n1 1\nL= 1\nOBJACOORD\n1\n0 1\nACOORD\n2\n0 1 1\n0 2 1\nBCOORD\n1\n0 -2\n";
    assert!((optimum(cone) - 2f64.sqrt()).abs() < 1e-7);
    let rotated = "VER\n3\nOBJSENSE\nMIN\nVAR\n3 1\nQR 3\nCON\n2 1\nL= 2\nOBJACOORD\n1\n0 1\nACOORD\n2\n0 1 1\n1 2 1\nBCOORD\n2\n0 -1\n1 -3\n";
    assert!((optimum(rotated) - 4.5).abs() < 1e-7);
    // max x with x <= 0 and x <= -2, plus 7.
    let sign = "VER\n1\nOBJSENSE\nMAX\nVAR\n1 1\nL- 1\nCON\n1 1\nL- 1\nOBJACOORD\n1\n0 1\nOBJBCOORD\n7\nACOORD\n1\n0 0 1\nBCOORD\n1\n0 2\n";
    assert!((optimum(sign) - 5.0).abs() < 1e-7);
    let found = problem(sign);
    let outcome = found.program.solve(&Options::default()).unwrap();
    let (x, factor) = found.scalars[0];
    let value = outcome.solution().unwrap().scalar(x).unwrap() * factor;
    assert!((value + 2.0).abs() < 1e-7);
}

/// `min x` with `[[x, 1], [1, x]] >= 0` and `x` free: 1.
#[test]
fn a_matrix_inequality() {
    let text = "VER\n1\nOBJSENSE\nMIN\nVAR\n1 1\nF 1\nPSDCON\n1\n2\nOBJACOORD\n1\n0 1\nHCOORD\n2\n0 0 0 0 1\n0 0 1 1 1\nDCOORD\n1\n0 1 0 1\n";
    assert!((optimum(text) - 1.0).abs() < 1e-8);
}

#[test]
fn what_is_refused_names_its_line() {
    let error = refused(&EIGENVALUE.replace("0 1 1 2.0", "0 0 1 2.0"));
    assert_eq!((error.line, error.what.as_str()), (20, "OBJFCOORD"));
    assert!(error.expected.contains("line 19"), "{error}");
    let error = refused(&EIGENVALUE.replace("0 1 1 2.0", "0 1 2 2.0"));
    assert_eq!((error.line, error.got.as_str()), (20, "2"));
    let error = refused(&EIGENVALUE.replace("0 0 0 2.0", "0 0 0 nan"));
    assert_eq!((error.line, error.got.as_str()), (18, "nan"));
    let error = refused(&EIGENVALUE.replace("L= 1", "EXP 3"));
    assert_eq!(error.line, 14);
    let error = refused(&EIGENVALUE.replace("1 1\nL= 1", "2 1\nL= 1"));
    assert_eq!((error.line, error.got.as_str()), (13, "1"));
    let error = refused(&EIGENVALUE.replace("OBJSENSE", "INT\n0\nOBJSENSE"));
    assert_eq!((error.line, error.got.as_str()), (5, "INT"));
    let error = refused(&EIGENVALUE.replace("PSDVAR\n1\n2", "PSDVAR\n1\n4000000000"));
    assert_eq!(error.line, 10);
    assert_eq!(refused("OBJSENSE\nMIN\n").expected, "VER first");
    assert_eq!(refused("VER\n1\n").expected, "the section OBJSENSE");
    assert_eq!(refused("VER\n1\nOBJSENSE\nMIN\n").what, "file");
    assert_eq!(refused("VER\n4\n").line, 2);
    assert_eq!(refused("").expected, "the section VER");
    let error = refused("VER\n1\nOBJSENSE\nMIN\nVAR\n99999999999 1\nF 99999999999\n");
    assert_eq!(error.line, 7);
    let error = refused("VER\n1\nWHAT\n");
    assert_eq!(error.got, "WHAT");
}
