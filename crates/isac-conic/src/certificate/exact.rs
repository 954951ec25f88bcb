//! Sums and ranks without rounding.

/// A sum of products kept exactly, as numbers that do not overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct ExactSum(Vec<f64>);

impl ExactSum {
    /// Adds `a b`. The product must not underflow, which data with a product above 1e-250 do not.
    pub(super) fn add(&mut self, a: f64, b: f64) {
        let product = a * b;
        if product == 0.0 {
            return;
        }
        let rest = a.mul_add(b, -product);
        for term in [rest, product] {
            let mut carry = term;
            let mut kept = 0;
            for k in 0..self.0.len() {
                let (sum, error) = two_sum(carry, self.0[k]);
                carry = sum;
                if error != 0.0 {
                    self.0[kept] = error;
                    kept += 1;
                }
            }
            self.0.truncate(kept);
            if carry != 0.0 {
                self.0.push(carry);
            }
        }
    }

    /// The nearest number, and whether it is the sum itself.
    pub(super) fn rounded(&self) -> (f64, bool) {
        (self.0.iter().sum(), self.0.len() <= 1)
    }
}

/// Whether the sum of two numbers is one.
pub(super) fn adds_exactly(a: f64, b: f64) -> bool {
    two_sum(a, b).1 == 0.0
}

fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Most primes tried before a rank is left open.
const PRIMES: usize = 4000;

/// Whether the rank of a matrix of doubles, given by rows, is at most `rank`, proved.
///
/// All minors of order `rank + 1` of the matrix, scaled by rows to integers, vanish modulo many primes
/// whose product exceeds every such minor (Hadamard): they are zero.
pub(super) fn rank_at_most(rows: &[Vec<f64>], rank: usize) -> bool {
    let rows: Vec<_> = rows.iter().filter_map(|row| integers(row)).collect();
    if rows.len() <= rank {
        return true;
    }
    let mut bits: Vec<f64> = rows.iter().map(|row| row.bits).collect();
    bits.sort_by(|a, b| b.total_cmp(a));
    let mut needed: f64 = bits[..=rank].iter().sum::<f64>() + 1.0;
    let mut candidate = (1_u64 << 61) - 1;
    for _ in 0..PRIMES {
        while !is_prime(candidate) {
            candidate -= 2;
        }
        if rank_modulo(&rows, candidate) > rank {
            return false;
        }
        needed -= 60.9;
        if needed < 0.0 {
            return true;
        }
        candidate -= 2;
    }
    false
}

/// A row as integers `mantissa 2^shift`, and the binary logarithm of its norm.
struct Integers {
    entries: Vec<(i64, u32)>,
    bits: f64,
}

/// `None` for a zero row.
fn integers(row: &[f64]) -> Option<Integers> {
    let parts: Vec<Option<(i64, i32)>> = row.iter().map(|&x| decode(x)).collect();
    let least = parts.iter().flatten().map(|p| p.1).min()?;
    let entries: Vec<(i64, u32)> = parts
        .iter()
        .map(|part| part.map_or((0, 0), |(m, e)| (m, (e - least) as u32)))
        .collect();
    let top = entries
        .iter()
        .filter(|e| e.0 != 0)
        .map(|&(m, shift)| (m.unsigned_abs() as f64).log2() + f64::from(shift))
        .fold(0.0, f64::max);
    let bits = top + 0.5 * (entries.len() as f64).log2() + 1e-6;
    Some(Integers { entries, bits })
}

/// Odd mantissa and exponent; `None` for zero.
fn decode(x: f64) -> Option<(i64, i32)> {
    if x == 0.0 {
        return None;
    }
    let raw = x.to_bits();
    let field = ((raw >> 52) & 0x7ff) as i32;
    let fraction = (raw & ((1 << 52) - 1)) as i64;
    let (mantissa, exponent) = if field == 0 {
        (fraction, -1074)
    } else {
        (fraction | (1 << 52), field - 1075)
    };
    let zeros = mantissa.trailing_zeros();
    let odd = mantissa >> zeros;
    let signed = if x < 0.0 { -odd } else { odd };
    Some((signed, exponent + zeros as i32))
}

fn multiply(a: u64, b: u64, p: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(p)) as u64
}

fn power(mut base: u64, mut exponent: u64, p: u64) -> u64 {
    let mut out = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            out = multiply(out, base, p);
        }
        base = multiply(base, base, p);
        exponent >>= 1;
    }
    out
}

/// Miller and Rabin with the bases that decide every number of 64 bits.
fn is_prime(n: u64) -> bool {
    let zeros = (n - 1).trailing_zeros();
    let odd = (n - 1) >> zeros;
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
        .iter()
        .all(|&base| {
            let mut x = power(base, odd, n);
            if x == 1 || x == n - 1 {
                return true;
            }
            (1..zeros).any(|_| {
                x = multiply(x, x, n);
                x == n - 1
            })
        })
}

fn rank_modulo(rows: &[Integers], p: u64) -> usize {
    let mut matrix: Vec<Vec<u64>> = rows
        .iter()
        .map(|row| {
            let residue = |&(m, shift): &(i64, u32)| {
                let size = m.unsigned_abs() % p;
                let size = if m < 0 && size > 0 { p - size } else { size };
                multiply(size, power(2, u64::from(shift), p), p)
            };
            row.entries.iter().map(residue).collect()
        })
        .collect();
    let columns = matrix.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..matrix.len()).find(|&i| matrix[i][column] != 0) else {
            continue;
        };
        matrix.swap(rank, pivot);
        let inverse = power(matrix[rank][column], p - 2, p);
        let (done, rest) = matrix.split_at_mut(rank + 1);
        let top = &done[rank];
        for row in rest {
            let factor = multiply(row[column], inverse, p);
            if factor == 0 {
                continue;
            }
            for (value, above) in row[column..].iter_mut().zip(&top[column..]) {
                let product = multiply(factor, *above, p);
                *value = if *value >= product {
                    *value - product
                } else {
                    *value + (p - product)
                };
            }
        }
        rank += 1;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_lose_nothing() {
        let mut sum = ExactSum::default();
        for (a, b) in [(1e30, 1.0), (0.1, 3.0), (-1e30, 1.0), (-0.3, 1.0)] {
            sum.add(a, b);
        }
        // Of the doubles: 3 * 3602879701896397 * 2^-55 - 5404319552844595 * 2^-54 = 2^-55.
        assert_eq!(sum.rounded(), (2.0_f64.powi(-55), true));
        let mut sum = ExactSum::default();
        sum.add(1.0, 1.0);
        sum.add(1e-20, 1.0);
        assert_eq!(sum.rounded(), (1.0, false));
    }

    #[test]
    fn ranks_are_exact() {
        let rows = |last: f64| {
            vec![
                vec![1.0, 2.0, 0.1],
                vec![3.0, -1.0, 0.7],
                // Sum of the two with the last entry rounded.
                vec![4.0, 1.0, last],
            ]
        };
        // The doubles 0.1 and 0.7 add to a number that is not a double.
        assert!(!rank_at_most(&rows(0.1 + 0.7), 2));
        assert!(rank_at_most(&rows(0.1 + 0.7), 3));
        let tenth = vec![vec![0.1, 1e200], vec![0.2, 2e200], vec![0.4, 4e200]];
        assert!(rank_at_most(&tenth, 1));
        assert!(!rank_at_most(
            &[vec![1.0, 1.0], vec![1.0, 1.0 + f64::EPSILON]],
            1
        ));
    }
}
