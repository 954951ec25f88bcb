//! The alpha-fair cost of several errors: from their sum (alpha = 0) to the largest (alpha = inf).

use crate::Error;
use isac_linalg::validate;
use serde::{Deserialize, Serialize};

/// Order of the norm that stands for the maximum. It overestimates the largest of T errors by at most
/// the factor T^(1/64), 3.7 % for T = 10.
const MAX_ORDER: f64 = 64.0;

/// The form in which the cost is written; all have the same minimisers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Eq. (8) of \[alpha_fair\] literally.
    Power,
    /// The p-norm, p = 1 + alpha: no overflow, and convex in the relaxed problem.
    Norm,
    /// The logarithm of the p-norm.
    LogNorm,
}

/// The alpha-fair cost of errors C_t > 0, with x_t = C_t / reference and p = 1 + alpha:
///
/// ```math
/// Power: (1/p) sum_t x_t^p    Norm: (sum_t x_t^p)^(1/p)    LogNorm: log of Norm
/// ```
///
/// At alpha = -1 (proportional fairness) `Power` is `sum_t log x_t`, `Norm` the geometric mean and
/// `LogNorm` its logarithm. At alpha = inf, p = 64.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedFairness")]
pub struct Fairness {
    #[serde(with = "isac_linalg::convert::serde::number")]
    alpha: f64,
    form: Form,
    reference: f64,
}

/// What a document states of a [`Fairness`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedFairness {
    #[serde(with = "isac_linalg::convert::serde::number")]
    alpha: f64,
    form: Form,
    reference: f64,
}

impl TryFrom<StatedFairness> for Fairness {
    type Error = Error;
    fn try_from(stated: StatedFairness) -> Result<Self, Error> {
        Self::new(stated.alpha, stated.form, stated.reference)
    }
}

impl Fairness {
    /// The cost with `alpha` in [-1, inf] and the reference error `reference` > 0.
    ///
    /// # Errors
    /// `alpha` below -1 or NaN; a reference that is not finite and positive.
    pub fn new(alpha: f64, form: Form, reference: f64) -> Result<Self, Error> {
        if alpha.is_nan() || alpha < -1.0 {
            return Err(isac_linalg::Error::range("alpha", alpha, "alpha in [-1, inf]").into());
        }
        validate::positive("Cref", reference, "")?;
        Ok(Self {
            alpha,
            form,
            reference,
        })
    }

    /// The same cost named by the exponent `a` of the information form: maximising
    /// `sum x^(1-a)/(1-a)` over the information x = 1/C is minimising this cost with alpha = a - 2.
    ///
    /// # Errors
    /// `a` below 1 or NaN; a reference that is not finite and positive.
    pub fn from_information_exponent(a: f64, form: Form, reference: f64) -> Result<Self, Error> {
        if a.is_nan() || a < 1.0 {
            return Err(isac_linalg::Error::range("a", a, "a in [1, inf]").into());
        }
        Self::new(a - 2.0, form, reference)
    }

    /// The fairness parameter.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The reference error.
    pub fn reference(&self) -> f64 {
        self.reference
    }

    /// The same fairness written in another form.
    pub fn with_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Order p of the norm: 1 + alpha, and 64 at alpha = inf.
    pub fn order(&self) -> f64 {
        if self.alpha.is_infinite() {
            MAX_ORDER
        } else {
            1.0 + self.alpha
        }
    }

    /// The cost; NaN or infinite when an error is.
    pub fn cost(&self, errors: &[f64]) -> f64 {
        let p = self.order();
        let scaled = || errors.iter().map(|c| c / self.reference);
        let log_norm = || {
            let count = errors.len() as f64;
            if p == 0.0 {
                return scaled().map(f64::ln).sum::<f64>() / count;
            }
            let top = scaled().fold(0.0, f64::max);
            if top.is_infinite() {
                return top;
            }
            top.ln() + scaled().map(|x| (x / top).powf(p)).sum::<f64>().ln() / p
        };
        match self.form {
            Form::Power if p == 0.0 => scaled().map(f64::ln).sum(),
            Form::Power => scaled().map(|x| x.powf(p)).sum::<f64>() / p,
            Form::Norm => log_norm().exp(),
            Form::LogNorm => log_norm(),
        }
    }

    /// The cost, and its derivative by each error in `slopes`, Eq. (25) of \[alpha_fair\].
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn cost_and_slopes(&self, errors: &[f64], slopes: &mut [f64]) -> f64 {
        assert_eq!(errors.len(), slopes.len(), "one slope per error");
        let p = self.order();
        let cost = self.cost(errors);
        let norm = match self.form {
            Form::LogNorm => cost.exp(),
            Form::Norm | Form::Power => cost,
        };
        for (slope, error) in slopes.iter_mut().zip(errors) {
            let x = error / self.reference;
            *slope = match self.form {
                Form::Power => x.powf(p - 1.0) / self.reference,
                // Geometric mean.
                Form::Norm if p == 0.0 => norm / (errors.len() as f64 * error),
                Form::LogNorm if p == 0.0 => 1.0 / (errors.len() as f64 * error),
                Form::Norm => (x / norm).powf(p - 1.0) / self.reference,
                Form::LogNorm => (x / norm).powf(p - 1.0) / (norm * self.reference),
            };
        }
        cost
    }

    /// The cost in this form from the cost of the same errors in the `Norm` form; `count` errors.
    pub fn from_norm(&self, norm: f64, count: usize) -> f64 {
        let p = self.order();
        match self.form {
            Form::Norm => norm,
            Form::LogNorm => norm.ln(),
            Form::Power if p == 0.0 => norm.ln() * count as f64,
            Form::Power => norm.powf(p) / p,
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact small cases")]
mod tests {
    use super::*;

    const ERRORS: [f64; 3] = [1.0, 2.0, 4.0];

    fn cost(alpha: f64, form: Form) -> f64 {
        Fairness::new(alpha, form, 1.0).unwrap().cost(&ERRORS)
    }

    #[test]
    fn what_was_stated_can_be_asked_for() {
        let fairness = Fairness::new(0.5, Form::Power, 3.0).unwrap();
        assert_eq!(fairness.form(), Form::Power);
        for (got, expected) in [
            (fairness.alpha(), 0.5),
            (fairness.reference(), 3.0),
            (fairness.order(), 1.5),
            (fairness.with_form(Form::Norm).alpha(), 0.5),
        ] {
            assert!((got - expected).abs() < 1e-15, "{got} {expected}");
        }
        assert_eq!(fairness.with_form(Form::LogNorm).form(), Form::LogNorm);
    }

    #[test]
    fn hand_checked_values() {
        assert!((cost(0.0, Form::Power) - 7.0).abs() < 1e-14);
        assert!((cost(0.0, Form::Norm) - 7.0).abs() < 1e-13);
        assert!((cost(1.0, Form::Power) - 10.5).abs() < 1e-14);
        assert!((cost(1.0, Form::LogNorm) - 21f64.sqrt().ln()).abs() < 1e-14);
        assert!((cost(-1.0, Form::Power) - 8f64.ln()).abs() < 1e-14);
        assert!((cost(-1.0, Form::Norm) - 2.0).abs() < 1e-14);
        let near_max = cost(f64::INFINITY, Form::Norm);
        assert!((4.0..4.0 * 3f64.powf(1.0 / 64.0)).contains(&near_max));
    }

    #[test]
    fn slopes_are_derivatives() {
        for alpha in [-1.0, -0.5, 0.0, 0.7, 1.0, 8.0, f64::INFINITY] {
            for form in [Form::Power, Form::Norm, Form::LogNorm] {
                let fairness = Fairness::new(alpha, form, 3.0).unwrap();
                let mut slopes = [0.0; 3];
                fairness.cost_and_slopes(&ERRORS, &mut slopes);
                for t in 0..3 {
                    let h = 1e-5;
                    let (mut up, mut down) = (ERRORS, ERRORS);
                    up[t] += h;
                    down[t] -= h;
                    let slope = (fairness.cost(&up) - fairness.cost(&down)) / (2.0 * h);
                    let size = slopes[2].abs() + slope.abs();
                    assert!((slope - slopes[t]).abs() < 1e-6 * size, "{alpha} {form:?}");
                }
            }
        }
    }

    #[test]
    fn forms_agree_and_the_information_form_is_the_same_family() {
        for alpha in [-1.0, 0.0, 0.5, 3.0] {
            let norm = cost(alpha, Form::Norm);
            for form in [Form::Power, Form::Norm, Form::LogNorm] {
                let fairness = Fairness::new(alpha, form, 1.0).unwrap();
                let direct = fairness.cost(&ERRORS);
                assert!((fairness.from_norm(norm, 3) - direct).abs() < 1e-12 * (1.0 + direct));
                let twin = Fairness::from_information_exponent(alpha + 2.0, form, 1.0).unwrap();
                assert_eq!(twin.cost(&ERRORS), direct);
            }
        }
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert!(Fairness::new(-1.1, Form::Norm, 1.0).is_err());
        assert!(Fairness::new(f64::NAN, Form::Norm, 1.0).is_err());
        assert!(Fairness::new(0.0, Form::Norm, 0.0).is_err());
        assert!(Fairness::from_information_exponent(0.5, Form::Norm, 1.0).is_err());
    }
}
