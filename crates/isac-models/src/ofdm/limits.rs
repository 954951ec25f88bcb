//! What a grid cannot tell apart, or loses: echoes later than one period of the delay, later than the
//! cyclic prefix, or with a Doppler shift beyond half a cycle per symbol.

use super::{Grid, SPEED_OF_LIGHT_M_S};
use crate::Error;
use isac_linalg::validate;

/// A limit of a resource grid that an echo can exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EchoLimit {
    /// Delay times spacing below 1: beyond, delays are known only modulo one over the spacing.
    Delay,
    /// Delay within the cyclic prefix: beyond, the echo of a symbol reaches into the next one, which
    /// the model of one phase per subcarrier leaves out.
    Prefix,
    /// Doppler shift times symbol interval below 1/2 in size: beyond, shifts are known only modulo one
    /// over the interval.
    Doppler,
}

/// That echoes of a scene exceed a limit of the grid. CRLBs, which are local, hold all the same;
/// estimates are then right only modulo the ambiguity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EchoWarning {
    /// The limit.
    pub limit: EchoLimit,
    /// Its value: 1 cycle per subcarrier, the prefix in s, or 1/2 cycle per symbol.
    pub allowed: f64,
    /// The largest value found, in the same unit.
    pub worst: f64,
    /// Target and node of that value; node 0 is the base station.
    pub at: [usize; 2],
    /// How many echoes exceed the limit.
    pub echoes: usize,
    /// Number of echoes T J.
    pub of: usize,
    /// The monostatic range in m or the radial speed in m/s that belongs to the limit.
    pub reach: f64,
}

impl std::fmt::Display for EchoWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            worst,
            allowed,
            at: [target, node],
            echoes,
            of,
            reach,
            ..
        } = self;
        match self.limit {
            EchoLimit::Delay => write!(
                f,
                "{echoes} of {of} echoes are ambiguous in range: delay times subcarrier spacing is {worst:.3} for target {target} at node {node}, expected below 1; delays are known modulo 1 only, monostatic ranges modulo {reach:.1} m"
            ),
            EchoLimit::Prefix => write!(
                f,
                "{echoes} of {of} echoes are later than the cyclic prefix: {worst:.3e} s for target {target} at node {node}, expected at most {allowed:.3e} s, which is {reach:.1} m monostatic; the interference between symbols is not modelled"
            ),
            EchoLimit::Doppler => write!(
                f,
                "{echoes} of {of} echoes are ambiguous in speed: Doppler shift times symbol interval is {worst:.3} for target {target} at node {node}, expected below 1/2 in size, which is {reach:.1} m/s monostatic"
            ),
        }
    }
}

impl Grid {
    /// Length of the cyclic prefix, s: what a symbol interval is longer than one over the spacing.
    pub fn prefix_s(&self) -> f64 {
        (self.interval_s() - 1.0 / self.spacing_hz()).max(0.0)
    }

    /// Largest monostatic range, m, of which the delay is known without ambiguity: c / (2 spacing).
    pub fn unambiguous_range_m(&self) -> f64 {
        SPEED_OF_LIGHT_M_S / (2.0 * self.spacing_hz())
    }

    /// Largest monostatic range, m, whose echo arrives within the cyclic prefix.
    pub fn prefix_range_m(&self) -> f64 {
        0.5 * SPEED_OF_LIGHT_M_S * self.prefix_s()
    }

    /// Largest monostatic radial speed, m/s, of which the Doppler shift is known without ambiguity:
    /// c / (4 carrier interval).
    pub fn unambiguous_speed_m_s(&self) -> f64 {
        SPEED_OF_LIGHT_M_S / (4.0 * self.carrier_hz() * self.interval_s())
    }

    /// The limits of this grid that echoes exceed, at most one warning each.
    ///
    /// | argument | shape | unit |
    /// |---|---|---|
    /// | `delays_s` | T x J, target-major | s |
    /// | `dopplers_hz` | T x J, target-major | Hz |
    /// | `nodes` | J >= 1 | |
    ///
    /// # Errors
    /// No node, lists that are not T J long, entries that are not finite, negative delays.
    pub fn echo_warnings(
        &self,
        delays_s: &[f64],
        dopplers_hz: &[f64],
        nodes: usize,
    ) -> Result<Vec<EchoWarning>, Error> {
        validate::positive("nodes", nodes as f64, "")?;
        let of = delays_s.len();
        validate::length("delays", of, of / nodes * nodes)?;
        validate::length("dopplers", dopplers_hz.len(), of)?;
        for &delay in delays_s {
            validate::nonnegative("delay", delay, "s")?;
        }
        validate::finite_list("dopplers", dopplers_hz)?;
        // One part in a million of room: positions and frequencies come with rounding.
        let room = 1.0 + 1e-6;
        let judge = |limit, allowed: f64, reach, strict: bool, values: Vec<f64>| {
            let beyond = |v: f64| v > allowed * room || (strict && v >= allowed);
            let echoes = values.iter().filter(|v| beyond(**v)).count();
            let worst = values.iter().copied().enumerate();
            let (at, worst) = worst.max_by(|a, b| a.1.total_cmp(&b.1))?;
            (echoes > 0).then_some(EchoWarning {
                limit,
                allowed,
                worst,
                at: [at / nodes, at % nodes],
                echoes,
                of,
                reach,
            })
        };
        let cycles = delays_s.iter().map(|d| d * self.spacing_hz()).collect();
        let shifts = dopplers_hz.iter().map(|d| (d * self.interval_s()).abs());
        let found = [
            judge(
                EchoLimit::Delay,
                1.0,
                self.unambiguous_range_m(),
                true,
                cycles,
            ),
            judge(
                EchoLimit::Prefix,
                self.prefix_s(),
                self.prefix_range_m(),
                false,
                delays_s.to_vec(),
            ),
            judge(
                EchoLimit::Doppler,
                0.5,
                self.unambiguous_speed_m_s(),
                true,
                shifts.collect(),
            ),
        ];
        Ok(found.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The full size of `alpha_fair`: 64 subcarriers in 100 MHz with a prefix of a quarter.
    fn full() -> Grid {
        Grid::filling(64, 64, 28e9, 100e6, 0.25).unwrap()
    }

    fn delay(range_m: f64) -> f64 {
        2.0 * range_m / SPEED_OF_LIGHT_M_S
    }

    #[test]
    fn the_limits_have_the_numbers_of_a_hand_calculation() {
        let grid = full();
        assert!((grid.prefix_s() - 0.16e-6).abs() < 1e-18);
        assert!((grid.unambiguous_range_m() - 95.934).abs() < 1e-3);
        assert!((grid.prefix_range_m() - 23.983).abs() < 1e-3);
        // c / (4 * 28e9 * 0.8e-6)
        assert!((grid.unambiguous_speed_m_s() - 3345.9).abs() < 0.1);
        let narrow = Grid::filling(16, 16, 28e9, 100e6, 0.25).unwrap();
        assert!((narrow.unambiguous_range_m() - 23.983).abs() < 1e-3);
    }

    #[test]
    fn a_target_at_150_m_is_ambiguous_and_beyond_the_prefix() {
        let found = full()
            .echo_warnings(&[delay(20.0), delay(150.0)], &[0.0; 2], 1)
            .unwrap();
        let kinds: Vec<EchoLimit> = found.iter().map(|w| w.limit).collect();
        assert_eq!(kinds, [EchoLimit::Delay, EchoLimit::Prefix]);
        assert!((found[0].worst - 1.5636).abs() < 1e-4, "{:?}", found[0]);
        for warning in &found {
            assert_eq!((warning.at, warning.echoes, warning.of), ([1, 0], 1, 2));
        }
        let text = found[0].to_string();
        assert!(
            text.contains("modulo 95.9 m") && text.contains("target 1"),
            "{text}"
        );
        assert!(found[1].to_string().contains("1.600e-7 s"));
    }

    #[test]
    fn a_scene_within_the_limits_is_silent_and_fast_targets_are_not() {
        let grid = full();
        let quiet = grid.echo_warnings(&[delay(20.0)], &[0.49 / grid.interval_s()], 1);
        assert!(quiet.unwrap().is_empty());
        let fast = grid.echo_warnings(&[delay(20.0); 2], &[0.0, -0.5 / grid.interval_s()], 2);
        let fast = fast.unwrap();
        assert_eq!((fast.len(), fast[0].limit), (1, EchoLimit::Doppler));
        assert_eq!(fast[0].at, [0, 1]);
    }

    #[test]
    fn lists_that_do_not_fit_are_refused_by_name() {
        let grid = full();
        let text = |delays: &[f64], dopplers: &[f64], nodes| {
            let refused = grid.echo_warnings(delays, dopplers, nodes);
            refused.unwrap_err().to_string()
        };
        assert!(text(&[0.0; 3], &[0.0; 3], 2).contains("delays"));
        assert!(text(&[0.0; 2], &[0.0; 3], 2).contains("dopplers"));
        assert!(text(&[-1e-9], &[0.0], 1).contains("delay"));
        assert!(text(&[f64::NAN], &[0.0], 1).contains("delay"));
        assert!(text(&[0.0], &[f64::INFINITY], 1).contains("dopplers"));
        assert!(text(&[], &[], 0).contains("nodes"));
    }
}
