//! One module per family. Each holds its rows and the handlers they name.

mod string;

use crate::spec::{Family, Spec};

pub(crate) const FAMILIES: &[(Family, &[Spec])] = &[(Family::String, string::COMMANDS)];
