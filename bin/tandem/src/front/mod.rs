//! The two front ends as the connection loop sees them.

pub(crate) mod memcached;
pub(crate) mod resp;
