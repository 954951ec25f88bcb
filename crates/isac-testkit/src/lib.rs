//! Tools for property-testing beamforming code: strategies, the slope test, comparisons.
