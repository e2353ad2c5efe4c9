//! One module per family. Each holds its rows and the handlers they name.

mod expiry;
mod generic;
mod hash;
mod scan;
mod string;

use crate::spec::{Family, Spec};

pub(crate) const FAMILIES: &[(Family, &[Spec])] = &[
    (Family::Generic, generic::COMMANDS),
    (Family::Hash, hash::COMMANDS),
    (Family::String, string::COMMANDS),
];
