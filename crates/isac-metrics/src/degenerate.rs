//! Targets whose Fisher information of the angles is singular whatever is sent.
//!
//! A planar array sees the direction `u = sin(theta) sin(phi)`, `v = cos(phi)` alone, through phases
//! `pi n u` and `pi n v`. The angles are lost where `(theta, phi) -> (u, v)` has no derivative of full
//! rank, `cos(theta) sin(phi)^2 = 0`, and two targets are one where their `u` and `v` agree up to
//! even numbers.

use crate::Error;
use isac_models::array::Upa;
use isac_models::target::Targets;

/// A cosine, sine or difference of directions counts as 0 up to this, more than what an angle in
/// degrees loses on its way to radians.
const ROUNDING: f64 = 1e-12;

/// [`Error::DegenerateTarget`] of the first target whose angles cannot be told.
pub(crate) fn refuse(transmit: &Upa, receive: &Upa, targets: &Targets) -> Result<(), Error> {
    let degenerate = |target: usize, angle: &'static str, why: String| {
        let values = if angle == "theta" {
            targets.theta()
        } else {
            targets.phi()
        };
        Err(Error::DegenerateTarget {
            target,
            angle,
            value: values[target],
            why,
        })
    };
    let mut seen: Vec<[f64; 2]> = Vec::with_capacity(targets.len());
    let wide = transmit.horizontal().max(receive.horizontal()) > 1;
    let high = transmit.vertical().max(receive.vertical()) > 1;
    for (m, (&theta, &phi)) in targets.theta().iter().zip(targets.phi()).enumerate() {
        if phi.sin().abs() <= ROUNDING {
            let why = "at the pole the echo does not change with theta, expected sin(phi) != 0";
            return degenerate(m, "phi", why.into());
        }
        if theta.cos().abs() <= ROUNDING {
            let why = "at endfire the echo does not change with theta, expected cos(theta) != 0";
            return degenerate(m, "theta", why.into());
        }
        if !(wide && high) {
            let side = if wide { "vertical" } else { "horizontal" };
            let why = format!("arrays of one {side} antenna cannot tell two angles, expected two");
            return degenerate(m, "theta", why);
        }
        let direction = [theta.sin() * phi.sin(), phi.cos()];
        let same = |other: &[f64; 2]| {
            let gaps = [0, 1].map(|i| direction[i] - other[i]);
            gaps.iter()
                .all(|gap| (gap - 2.0 * (gap / 2.0).round()).abs() <= ROUNDING)
        };
        if let Some(twin) = seen.iter().position(same) {
            let why = format!("in the direction of target {twin}, expected directions that differ");
            return degenerate(m, "theta", why);
        }
        seen.push(direction);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::c64;
    use isac_models::array::{KronOrder, Scaling};
    use std::f64::consts::{FRAC_PI_2, PI};

    fn upa(horizontal: usize, vertical: usize) -> Upa {
        Upa::new(
            horizontal,
            vertical,
            KronOrder::HorizontalSlow,
            Scaling::UnitNorm,
        )
        .unwrap()
    }

    fn refused(theta: &[f64], phi: &[f64]) -> Option<(usize, &'static str, f64)> {
        let alpha = vec![c64::ONE; theta.len()];
        let targets = Targets::new(theta.to_vec(), phi.to_vec(), alpha).unwrap();
        match refuse(&upa(3, 2), &upa(2, 2), &targets) {
            Ok(()) => None,
            Err(Error::DegenerateTarget {
                target,
                angle,
                value,
                why,
            }) => {
                assert!(why.contains("expected"));
                Some((target, angle, value))
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn poles_and_endfire_are_named() {
        for phi in [0.0, PI, -PI, 180.0_f64.to_radians(), 2.0 * PI] {
            assert_eq!(refused(&[0.3], &[phi]), Some((0, "phi", phi)));
        }
        for theta in [
            FRAC_PI_2,
            -FRAC_PI_2,
            3.0 * FRAC_PI_2,
            90.0_f64.to_radians(),
        ] {
            assert_eq!(
                refused(&[0.3, theta], &[1.0, 1.1]),
                Some((1, "theta", theta))
            );
        }
        // A millionth of a radian beside: hard, but not singular.
        assert_eq!(refused(&[FRAC_PI_2 - 1e-6], &[1.0]), None);
        assert_eq!(refused(&[0.3], &[1e-6]), None);
        assert_eq!(refused(&[0.0], &[FRAC_PI_2]), None);
        assert_eq!(refused(&[], &[]), None);
    }

    #[test]
    fn two_targets_in_one_direction_are_named() {
        assert_eq!(refused(&[0.4, 0.4], &[1.1, 1.1]), Some((1, "theta", 0.4)));
        // The mirror image behind the array, and the same direction by other angles.
        let mirror = PI - 0.4;
        assert_eq!(
            refused(&[0.4, mirror], &[1.1, 1.1]),
            Some((1, "theta", mirror))
        );
        assert_eq!(
            refused(&[0.4, -0.4], &[1.1, -1.1]),
            Some((1, "theta", -0.4))
        );
        assert_eq!(
            refused(&[0.1, 0.4, 0.4 + 2.0 * PI], &[0.7, 1.1, 1.1])
                .unwrap()
                .0,
            2
        );
        assert_eq!(refused(&[0.4, 0.4 + 1e-6], &[1.1, 1.1]), None);
        assert_eq!(refused(&[0.4, 0.4], &[1.1, 1.1 + 1e-6]), None);
        assert_eq!(refused(&[0.4, 0.4], &[1.1, -1.1]), None);
    }

    #[test]
    fn arrays_without_width_or_height_tell_one_angle() {
        let one = Targets::new(vec![0.4], vec![1.1], vec![c64::ONE]).unwrap();
        let ok = |a: Upa, b: Upa| refuse(&a, &b, &one).is_ok();
        assert!(ok(upa(1, 2), upa(2, 1)) && ok(upa(2, 2), upa(1, 1)));
        assert!(!ok(upa(1, 4), upa(1, 3)) && !ok(upa(4, 1), upa(3, 1)));
        let text = refuse(&upa(1, 4), &upa(1, 3), &one)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("horizontal") && text.contains("theta[0]"),
            "{text}"
        );
        let text = refuse(&upa(4, 1), &upa(3, 1), &one)
            .unwrap_err()
            .to_string();
        assert!(text.contains("vertical"), "{text}");
        assert!(refuse(&upa(1, 1), &upa(1, 1), &Targets::none()).is_ok());
    }
}
