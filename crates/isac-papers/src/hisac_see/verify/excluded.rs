//! That there is no design: see the head of `verify.rs`.

use isac_algos::hisac_see::{Objective, Working};
use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::proof::{Cell, Verdict, cover};
use isac_linalg::c64;

use super::leaf::{self, Leaf};
use super::{Facts, SAME, read};

/// Checks a proof that there is no design.
pub(super) fn verify(root: &Node<'_>) -> Result<Verdict, Error> {
    root.known_keys(&["schema", "problem", "infeasible"])?;
    let document = Document {
        file: format!("{}: problem", root.file),
        value: root.get("problem")?.value.clone(),
    };
    let problem = read::problem(&document.root())?;
    if problem.objective == Objective::Scnr {
        let why = "problem: the threshold of the SCNR is not imposed where that is maximised";
        return Ok(Verdict::refused(why));
    }
    let body = root.get("infeasible")?;
    body.known_keys(&["slot", "errors", "leaves"])?;
    let last = problem.access.slots(problem.cell.users()) - 1;
    let slot = body.get("slot")?.count(0, last)?;
    let errors = body.get("errors")?.items()?;
    let errors: Vec<Vec<c64>> = errors.iter().map(Node::vec_c64).collect::<Result<_, _>>()?;
    let leaves = body.get("leaves")?.objects()?;
    let leaves: Vec<Leaf> = leaves.iter().map(leaf::read).collect::<Result<_, _>>()?;
    let working = Working::new(&problem).map_err(|e| root.refused(e))?;
    let facts = Facts::new(&problem, &working, slot, &errors);
    let domain = facts.domain();
    let cells: Vec<Cell> = leaves.iter().map(|leaf| leaf.cell.clone()).collect();
    if let Err(why) = cover(&domain, &cells) {
        return Ok(Verdict::refused(why));
    }
    let least = -domain.upper[2].ln_1p() / std::f64::consts::LN_2 * (1.0 + SAME);
    for (i, leaf) in leaves.iter().enumerate() {
        if leaf.slot != slot || leaf.bound != 0.0 {
            let why = format!("leaf {i}: slot {slot} and the bound 0 are expected");
            return Ok(Verdict::refused(why));
        }
        match facts.excess(leaf) {
            Ok(left) if left < least => {}
            Ok(left) => {
                let why = format!("leaf {i}: the multipliers leave {left:e} bps/Hz");
                return Ok(Verdict::refused(why));
            }
            Err(why) => return Ok(Verdict::refused(format!("leaf {i}: {why}"))),
        }
    }
    Ok(Verdict::Infeasible {
        rule: "multipliers".into(),
    })
}
