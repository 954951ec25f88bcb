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

    /// `m 2^e` without overflow on the way.
    fn of_parts(m: i64, e: i32) -> f64 {
        let half = e / 2;
        m as f64 * 2f64.powi(half) * 2f64.powi(e - half)
    }

    #[test]
    fn doubles_are_odd_integers_times_powers_of_two() {
        for x in [
            1.0,
            -1.0,
            0.1,
            -6.0,
            1e300,
            -3e-300,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            -1.5e-310,
            96.0,
        ] {
            let (m, e) = decode(x).unwrap();
            assert_eq!(of_parts(m, e).to_bits(), x.to_bits(), "{x:e}");
            assert_eq!(m & 1, 1, "{x:e}");
        }
        assert_eq!(decode(-6.0), Some((-3, 1)));
        assert_eq!(decode(0.375), Some((3, -3)));
        assert_eq!((decode(0.0), decode(-0.0)), (None, None));
    }

    /// 0.75, -5 and 0 are 3, -20 and 0 over 4, in odd numbers 3, -5 2^2 and nothing.
    #[test]
    fn rows_are_scaled_to_integers_with_a_bound_of_their_norm() {
        let row = integers(&[0.75, -5.0, 0.0]).unwrap();
        assert_eq!(row.entries, [(3, 0), (-5, 2), (0, 0)]);
        let norm = (9.0_f64 + 400.0).sqrt().log2();
        assert!(row.bits >= norm && row.bits <= 20f64.log2() + 0.5 * 3f64.log2() + 1e-5);
        let large = integers(&[2.0, 1024.0]).unwrap();
        assert_eq!(large.entries, [(1, 0), (1, 9)]);
        assert!((9.0..9.6).contains(&large.bits), "{}", large.bits);
        assert!(integers(&[0.0, -0.0]).is_none());
    }

    #[test]
    fn residues_and_primes_of_textbooks() {
        let p = (1_u64 << 61) - 1;
        assert_eq!(multiply(1 << 60, 4, p), 2);
        assert_eq!(multiply(p - 1, p - 1, p), 1);
        assert_eq!((power(3, 0, 7), power(3, 5, 7), power(2, 61, p)), (1, 5, 1));
        // Fermat.
        assert_eq!(power(123_456_789, p - 1, p), 1);
        for prime in [41, 97, 7919, 1_000_000_007, 999_999_999_989, p] {
            assert!(is_prime(prime), "{prime}");
        }
        // Squares, products, Carmichael numbers and strong pseudoprimes to the first bases.
        for composite in [
            49 * 49,
            41 * 43,
            561,
            41041,
            3_215_031_751,
            3_825_123_056_546_413_051,
            (1 << 61) - 3,
        ] {
            assert!(!is_prime(composite), "{composite}");
        }
    }

    /// Products of integer matrices have the rank of their inner dimension.
    #[test]
    fn ranks_modulo_a_prime() {
        let p = (1_u64 << 61) - 1;
        let entry = |i: usize, j: usize, k: usize| ((i * i + 3 * j + k * i * j) % 11) as f64 - 5.0;
        for rank in 1..=4 {
            let rows: Vec<Vec<f64>> = (0..5)
                .map(|i| {
                    let sum = |j| (0..rank).map(|k| entry(i, k, 2) * entry(k, j, 7)).sum();
                    (0..6).map(sum).collect()
                })
                .collect();
            let parts: Vec<Integers> = rows.iter().filter_map(|row| integers(row)).collect();
            let found = rank_modulo(&parts, p);
            assert!(found <= rank, "{rank}: {found}");
            assert!(rank_at_most(&rows, rank) && (found < rank || !rank_at_most(&rows, rank - 1)));
        }
        let unit = |i: usize| {
            (0..4)
                .map(|j| f64::from(u8::from(i == j)))
                .collect::<Vec<f64>>()
        };
        let eye: Vec<Vec<f64>> = (0..4).map(unit).collect();
        let parts: Vec<Integers> = eye.iter().filter_map(|row| integers(row)).collect();
        assert_eq!(rank_modulo(&parts, p), 4);
        assert!(!rank_at_most(&eye, 3) && rank_at_most(&eye, 4));
    }

    /// Multiples of 2^-20 against integers.
    #[test]
    fn sums_agree_with_integers() {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 30) as i64 - (1 << 33)
        };
        let (mut sum, mut exact) = (ExactSum::default(), 0_i128);
        for k in 0..200 {
            let (a, b) = (next(), next() >> (k % 30));
            exact += i128::from(a) * i128::from(b);
            sum.add(a as f64 * 2f64.powi(-20), b as f64);
            let (rounded, whole) = sum.rounded();
            let expected = exact as f64 * 2f64.powi(-20);
            assert!((rounded - expected).abs() <= 1e-15 * expected.abs(), "{k}");
            assert_eq!(whole, exact as f64 as i128 == exact, "{k}");
        }
        let (one, half_unit) = (1.0, 0.5 * f64::EPSILON);
        assert!(adds_exactly(one, f64::EPSILON) && !adds_exactly(one, half_unit));
        assert!(adds_exactly(-one, 0.25) && !adds_exactly(1e16, 1.0));
    }
}
