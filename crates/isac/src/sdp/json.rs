//! Programs over complex Hermitian matrices as JSON, schema `conic/1`; `docs/cli.md` shows one.

use std::collections::BTreeMap;

use isac_conic::{Affine, Coefficient, HermitianAffine, Mat, MatrixVar, Program, ScalarVar, c64};
use isac_lab::document::Node;
use isac_lab::error::Error;

/// A program with its variables by name.
#[derive(Debug)]
pub struct Named {
    /// The program.
    pub program: Program,
    /// Matrix variables.
    pub matrices: Vec<(String, MatrixVar)>,
    /// Scalar variables; the file's value is the program's times the last number.
    pub scalars: Vec<(String, ScalarVar, f64)>,
}

const SCHEMA: &str = "conic/1";

/// What a program consists of.
const KEYS: [&str; 6] = ["pools", "blocks", "scalars", "objective", "rows", "lmis"];

/// What names stand for.
struct Names {
    pools: BTreeMap<String, Mat<c64>>,
    blocks: Vec<(String, MatrixVar)>,
    scalars: Vec<(String, ScalarVar)>,
}

/// Reads a program.
///
/// # Errors
/// A key, a shape, a name or a number that is not as documented; nothing is repaired.
pub(super) fn read(root: &Node<'_>) -> Result<Named, Error> {
    root.known_keys(&KEYS)?;
    root.get("schema")?.one_of(&[SCHEMA])?;
    let mut program = Program::new();
    let mut names = Names {
        pools: BTreeMap::new(),
        blocks: Vec::new(),
        scalars: Vec::new(),
    };
    if let Some(pools) = root.opt("pools") {
        for (name, node) in pools.entries()? {
            names.pools.insert(name.to_owned(), node.matrix_c64()?);
        }
    }
    for node in items(root, "blocks")? {
        node.known_keys(&["name", "order", "real"])?;
        let (name, order) = (name_of(&node, &names)?, node.get("order")?);
        let n = order.count(1, usize::MAX)?;
        order.holds(n as f64 * n as f64, "the block")?;
        let real = node.opt("real").map_or(Ok(false), |node| node.bool())?;
        let variable = if real {
            program.symmetric_psd(&name, n)
        } else {
            program.psd(&name, n)
        };
        names.blocks.push((name, variable));
    }
    for node in items(root, "scalars")? {
        node.known_keys(&["name", "sign"])?;
        let name = name_of(&node, &names)?;
        let signed = match node.opt("sign") {
            Some(sign) => sign.one_of(&["free", "nonneg"])? == 1,
            None => false,
        };
        let variable = if signed {
            program.nonneg(&name)
        } else {
            program.free(&name)
        };
        names.scalars.push((name, variable));
    }
    if names.blocks.is_empty() && names.scalars.is_empty() {
        return Err(root.wrong("a program with `blocks` or `scalars`"));
    }
    for (index, node) in items(root, "rows")?.into_iter().enumerate() {
        row(&mut program, &names, index, &node)?;
    }
    for (index, node) in items(root, "lmis")?.into_iter().enumerate() {
        let name = named(&node, || format!("lmi {index}"))?;
        let expression = lmi(&names, &node)?;
        program.lmi(name, expression);
    }
    let objective = root.get("objective")?;
    objective.known_keys(&["sense", "terms", "constant"])?;
    let sense = objective.get("sense")?.one_of(&["minimise", "maximise"])?;
    let mut sum = terms(&names, &objective)?;
    if let Some(constant) = objective.opt("constant") {
        sum += Affine::constant(constant.f64()?);
    }
    if sense == 0 {
        program.minimise(sum);
    } else {
        program.maximise(sum);
    }
    let scalars = names.scalars.into_iter();
    Ok(Named {
        program,
        matrices: names.blocks,
        scalars: scalars.map(|(name, x)| (name, x, 1.0)).collect(),
    })
}

fn items<'a>(node: &Node<'a>, key: &str) -> Result<Vec<Node<'a>>, Error> {
    node.opt(key).map_or(Ok(Vec::new()), |list| list.objects())
}

/// A name that no other variable has.
fn name_of(node: &Node<'_>, names: &Names) -> Result<String, Error> {
    let node = node.get("name")?;
    let name = node.text()?;
    let taken = names.blocks.iter().any(|(other, _)| other == name)
        || names.scalars.iter().any(|(other, _)| other == name);
    if taken || name.is_empty() {
        return Err(node.wrong("a name that no other variable has"));
    }
    Ok(name.to_owned())
}

fn named(node: &Node<'_>, otherwise: impl Fn() -> String) -> Result<String, Error> {
    match node.opt("name") {
        Some(name) => Ok(name.text()?.to_owned()),
        None => Ok(otherwise()),
    }
}

fn row(program: &mut Program, names: &Names, index: usize, node: &Node<'_>) -> Result<(), Error> {
    node.known_keys(&["name", "terms", "sense", "rhs"])?;
    let name = named(node, || format!("row {index}"))?;
    let left = terms(names, node)?;
    let rhs = node.get("rhs")?.f64()?;
    match node.get("sense")?.one_of(&["<=", ">=", "="])? {
        0 => program.at_most(name, left, rhs),
        1 => program.at_least(name, left, rhs),
        _ => program.equal(name, left, rhs),
    };
    Ok(())
}

/// The sum of a list of terms.
fn terms(names: &Names, node: &Node<'_>) -> Result<Affine, Error> {
    let mut sum = Affine::default();
    for term in node.get("terms")?.objects()? {
        term.known_keys(&[
            "block", "scalar", "factor", "trace", "matrix", "pool", "columns", "weights",
        ])?;
        sum += match (term.opt("block"), term.opt("scalar")) {
            (None, Some(scalar)) => {
                let factor = term.opt("factor").map_or(Ok(1.0), |node| node.f64())?;
                find(&names.scalars, &scalar)? * factor
            }
            (Some(block), None) => of_block(names, find(&names.blocks, &block)?, &term)?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(term.wrong("a term with either `block` or `scalar`"));
            }
        };
    }
    Ok(sum)
}

fn find<T: Copy>(list: &[(String, T)], node: &Node<'_>) -> Result<T, Error> {
    let choices: Vec<&str> = list.iter().map(|(name, _)| name.as_str()).collect();
    Ok(list[node.one_of(&choices)?].1)
}

/// `factor <A, X>` with `A` a matrix, a pool `sum_k weight_k v_k v_k^H`, or the identity.
fn of_block(names: &Names, block: MatrixVar, term: &Node<'_>) -> Result<Affine, Error> {
    match (term.opt("trace"), term.opt("matrix"), term.opt("pool")) {
        (Some(factor), None, None) => Ok(block.trace() * factor.f64()?),
        (None, Some(matrix), None) => {
            let factor = term.opt("factor").map_or(Ok(1.0), |node| node.f64())?;
            let a = matrix.hermitian_of(block.order())?;
            Ok(block.inner(Coefficient::dense(a)) * factor)
        }
        (None, None, Some(pool)) => {
            let pools: Vec<(String, &Mat<c64>)> = names
                .pools
                .iter()
                .map(|(name, v)| (name.clone(), v))
                .collect();
            let vectors = find(&pools, &pool)?;
            if vectors.nrows() != block.order() {
                return Err(pool.wrong(format!(
                    "a pool of vectors of length {}, not {}",
                    block.order(),
                    vectors.nrows()
                )));
            }
            let columns = match term.opt("columns") {
                None => (0..vectors.ncols()).collect(),
                Some(list) => {
                    let count = vectors.ncols();
                    let index = |node: &Node<'_>| match node.usize()? {
                        k if k < count => Ok(k),
                        _ => Err(node.wrong(format!("the number of a column, below {count}"))),
                    };
                    list.items()?
                        .iter()
                        .map(index)
                        .collect::<Result<Vec<_>, Error>>()?
                }
            };
            let weights = match term.opt("weights") {
                Some(weights) => weights.vec_of(columns.len())?,
                None => vec![1.0; columns.len()],
            };
            let chosen = Mat::from_fn(vectors.nrows(), columns.len(), |i, j| {
                vectors[(i, columns[j])]
            });
            Ok(block.pool(chosen.as_ref(), &weights))
        }
        (None, None, None) | (Some(_), ..) | (None, Some(_), Some(_)) => {
            Err(term.wrong("a term of a block with one of `trace`, `matrix`, `pool`"))
        }
    }
}

/// A matrix that is to be positive semidefinite.
fn lmi(names: &Names, node: &Node<'_>) -> Result<HermitianAffine, Error> {
    node.known_keys(&["name", "order", "constant", "terms"])?;
    let order = node.get("order")?;
    let n = order.count(1, usize::MAX)?;
    order.holds(n as f64 * n as f64, "the matrix")?;
    let mut sum = match node.opt("constant") {
        Some(constant) => HermitianAffine::constant(constant.hermitian_of(n)?),
        None => HermitianAffine::zeros(n),
    };
    for term in node.get("terms")?.objects()? {
        term.known_keys(&["scalar", "matrix", "block", "weight", "congruence"])?;
        match (term.opt("scalar"), term.opt("block")) {
            (Some(scalar), None) => {
                let a = term.get("matrix")?.hermitian_of(n)?;
                sum.add_term(find(&names.scalars, &scalar)?, Coefficient::dense(a));
            }
            (None, Some(block)) => {
                let x = find(&names.blocks, &block)?;
                let weight = term.opt("weight").map_or(Ok(1.0), |node| node.f64())?;
                let image = match term.opt("congruence") {
                    Some(t) => x.congruence(t.matrix_of(x.order(), n)?.as_ref()),
                    None if x.order() == n => x.expr(),
                    None => {
                        let expected = format!("a block of order {n}, or `congruence`");
                        return Err(block.wrong(expected));
                    }
                };
                sum += image * weight;
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err(term.wrong("a term with either `scalar` or `block`"));
            }
        }
    }
    Ok(sum)
}
