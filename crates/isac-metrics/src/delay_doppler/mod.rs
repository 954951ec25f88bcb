//! Delay and Doppler information of multistatic OFDM echoes, its combination over the nodes, the
//! per-target CRLB, and the way back: from slopes by the CRLB to slopes by the illumination.
//!
//! Symbols (targets t, q; nodes j, node 0 the base station; subcarriers i):
//!
//! ```math
//! Gs_{t,i} = sum over sensing streams |a_t^H w_i|^2      Gc_{t,i} = sum_k |a_t^H v_{k,i}|^2
//! D_{t,j,i} = sigma2_j + sum_q b_{q,j} Gc_{q,i} + sum_{q != t} b_{q,j} Gs_{q,i}
//! p_{t,j,i} = Gs_{t,i} / D_{t,j,i}            kappa_{t,j} = 2 (2 pi)^2 b_{t,j} Nr_j
//! F_{t,j} = kappa [ M sum p i^2, -S1 sum p i ; -S1 sum p i, S2 sum p ]           (known gain)
//! F_{t,j} = kappa diag( M sum p (i - ibar)^2, M (M^2 - 1)/12 sum p )             (unknown gain)
//! C_t = tr( Dw (sum_j F_{t,j})^-1 )   or   tr( Dw (sum_j Jac^T F_{t,j} Jac)^-1 )
//! ```
//!
//! with S1 = M(M-1)/2 and S2 = (M-1)M(2M-1)/6. The covariance of the disturbance depends on neither
//! delay nor Doppler, so the second term of Eq. (23) of \[alpha_fair\] is zero.
//!
//! Nothing here forms a Jacobian of the beamformer: [`DelayDoppler::backpropagate`] returns T x N
//! slopes by Gs and Gc, which cost as much as the value.

mod backpropagate;
mod evaluate;
mod metric;
mod model;

pub use metric::{DelayDoppler, SensingState};
pub use model::{
    BsKnowledge, Combine, Disturbance, EchoModel, Gain, Illumination, Nodes, SensingOptions,
};
