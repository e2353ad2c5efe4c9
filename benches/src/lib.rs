//! The load generator and the peer comparison.
