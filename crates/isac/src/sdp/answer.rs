//! What `--solution` writes.

use isac_conic::sdpa_answer;
use isac_conic::{Multipliers, Outcome, Point, Program};
use isac_lab::document::json_of_matrix;
use serde_json::{Map, Value, json};

use super::input::Posed;
use super::json::Named;

/// The point with its multipliers, or the ray; `null` where there is neither.
pub(super) fn answer(posed: &Posed, program: &Program, outcome: &Outcome) -> Value {
    match posed {
        Posed::Sdpa(problem) => {
            let found = sdpa_answer::answer(problem, program, outcome);
            serde_json::to_value(found).unwrap_or_default()
        }
        Posed::Program(named) => of_program(named, outcome),
    }
}

fn of_program(named: &Named, outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Solved(s) | Outcome::Inaccurate(s) => whole(
            "point",
            variables(named, &s.point),
            multipliers(&s.multipliers),
        ),
        Outcome::Infeasible(f) | Outcome::NoPointBelow(f) => whole(
            "ray of the multipliers",
            Value::Null,
            multipliers(&f.multipliers),
        ),
        Outcome::Unbounded(r) | Outcome::NoMultipliersBelow(r) => {
            whole("ray", variables(named, &r.direction), Value::Null)
        }
        Outcome::IllPosed(gap) => {
            let point = gap.support.as_ref();
            let dual = gap.dual_support.as_ref();
            whole(
                "point",
                point.map_or(Value::Null, |s| variables(named, &s.point)),
                dual.map_or(Value::Null, |s| multipliers(&s.multipliers)),
            )
        }
        Outcome::Unknown(_) => Value::Null,
    }
}

fn whole(kind: &str, variables: Value, multipliers: Value) -> Value {
    json!({ "kind": kind, "variables": variables, "multipliers": multipliers })
}

fn variables(named: &Named, point: &Point) -> Value {
    let mut out = Map::new();
    for (name, variable) in &named.matrices {
        let matrix = point.matrix(*variable).map(|x| json_of_matrix(x.as_ref()));
        out.insert(name.clone(), matrix.unwrap_or_default());
    }
    for (name, variable, sign) in &named.scalars {
        let value = point.scalar(*variable).map(|x| x * sign);
        out.insert(name.clone(), value.map_or(Value::Null, Value::from));
    }
    Value::Object(out)
}

/// In the order of the file: rows, matrix inequalities, norm constraints.
fn multipliers(found: &Multipliers) -> Value {
    let (rows, lmis, cones) = found.all();
    let lmis: Vec<Value> = lmis.iter().map(|u| json_of_matrix(u.as_ref())).collect();
    json!({ "rows": rows, "lmis": lmis, "cones": cones })
}
