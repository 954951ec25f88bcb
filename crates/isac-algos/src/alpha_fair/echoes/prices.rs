//! Prices of information, light and caps.

/// Prices; powers are shares of the total power.
#[derive(Debug, Clone, PartialEq)]
pub struct Prices {
    /// `E_t`, entries 11, 12 and 22.
    pub information: Vec<[f64; 3]>,
    /// `rho_t`, per share of power.
    pub light: Vec<f64>,
    /// `nu_th`, per share of power.
    pub caps: Vec<[f64; 2]>,
}

impl Prices {
    /// All prices times `s^2`, so that `a` grows by `s` and `b` by `s^2`.
    pub(super) fn scaled(mut self, s: f64) -> Self {
        let by = s * s;
        self.information.iter_mut().flatten().for_each(|x| *x *= by);
        self.light.iter_mut().for_each(|x| *x *= by);
        self.caps.iter_mut().flatten().for_each(|x| *x *= by);
        self
    }
}
