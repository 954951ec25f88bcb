//! Power pattern of one antenna element.

/// Linear power gain towards azimuth and elevation from boresight, radians:
/// `8 dBi - min(A_az + A_el, 30)` dB with `A = min(12 (angle / 65 deg)^2, 30)` for each angle.
///
/// ```
/// use isac_models::array::element_gain;
/// assert!((element_gain(0.0, 0.0) - 10.0_f64.powf(0.8)).abs() < 1e-12);
/// assert!((element_gain(3.0, 0.0) - 10.0_f64.powf(-2.2)).abs() < 1e-12);
/// ```
pub fn element_gain(azimuth: f64, elevation: f64) -> f64 {
    let loss = |angle: f64| (12.0 * (angle.to_degrees() / 65.0).powi(2)).min(30.0);
    let decibels = 8.0 - (loss(azimuth) + loss(elevation)).min(30.0);
    10.0_f64.powf(0.1 * decibels)
}
