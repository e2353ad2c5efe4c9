//! The opcodes of the binary protocol, what each stands for and what its frame consists of.

use crate::binary::frame::Header;
use crate::commands::{Support, Verb};
use crate::ops::{Mode, Sign};

/// A row of the table of opcodes.
#[derive(Clone, Copy, Debug)]
pub struct Opcode {
    pub name: &'static str,
    pub code: u8,
    /// The same without an answer where all went well, or where nothing was found.
    pub quiet: Option<u8>,
    /// What the frame carries: extras in braces, then key and value.
    pub body: &'static str,
    pub support: Support,
}

const fn opcode(
    name: &'static str,
    code: u8,
    quiet: Option<u8>,
    body: &'static str,
    support: Support,
) -> Opcode {
    Opcode { name, code, quiet, body, support }
}

use Support::{Complete, Never};

/// Every opcode of the protocol. memcached itself answers those that are not served as unknown.
#[rustfmt::skip]
pub const OPCODES: &[Opcode] = &[
    opcode("get", 0x00, Some(0x09), "key", Complete),
    opcode("getk", 0x0c, Some(0x0d), "key", Complete),
    opcode("set", 0x01, Some(0x11), "{flags exptime} key value", Complete),
    opcode("add", 0x02, Some(0x12), "{flags exptime} key value", Complete),
    opcode("replace", 0x03, Some(0x13), "{flags exptime} key value", Complete),
    opcode("append", 0x0e, Some(0x19), "key value", Complete),
    opcode("prepend", 0x0f, Some(0x1a), "key value", Complete),
    opcode("delete", 0x04, Some(0x14), "key", Complete),
    opcode("increment", 0x05, Some(0x15), "{delta initial exptime} key", Complete),
    opcode("decrement", 0x06, Some(0x16), "{delta initial exptime} key", Complete),
    opcode("touch", 0x1c, None, "{exptime} key", Complete),
    opcode("gat", 0x1d, Some(0x1e), "{exptime} key", Complete),
    opcode("gatk", 0x23, Some(0x24), "{exptime} key", Complete),
    opcode("flush", 0x08, Some(0x18), "{[delay]}", Complete),
    opcode("noop", 0x0a, None, "", Complete),
    opcode("version", 0x0b, None, "", Complete),
    opcode("stat", 0x10, None, "[key]", Complete),
    opcode("quit", 0x07, Some(0x17), "", Complete),
    opcode("sasl_list", 0x20, None, "", Complete),
    opcode("sasl_auth", 0x21, None, "mechanism data", Complete),
    opcode("sasl_step", 0x22, None, "mechanism data", Complete),
    opcode("verbosity", 0x1b, None, "{level}", Never),
    opcode("rget", 0x30, None, "", Never),
    opcode("rset", 0x31, Some(0x32), "", Never),
    opcode("rappend", 0x33, Some(0x34), "", Never),
    opcode("rprepend", 0x35, Some(0x36), "", Never),
    opcode("rdelete", 0x37, Some(0x38), "", Never),
    opcode("rincr", 0x39, Some(0x3a), "", Never),
    opcode("rdecr", 0x3b, Some(0x3c), "", Never),
];

/// What an opcode stands for, quiet or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get,
    GetWithKey,
    Touch,
    GetAndTouch,
    GetWithKeyAndTouch,
    Store(Mode),
    Delete,
    Sum(Sign),
    Flush,
    Noop,
    Version,
    Stat,
    Quit,
    SaslList,
    SaslAuth,
    SaslStep,
    Unknown,
}

/// Extras of a store: flags and expiry.
pub(super) const STORE_EXTRAS: usize = 8;
/// Extras of a sum: delta, initial number and expiry.
const SUM_EXTRAS: usize = 20;
/// Extras that are an expiry or a delay.
const TIME_EXTRAS: usize = 4;

impl Action {
    pub(super) fn of(code: u8) -> Action {
        match code {
            0x00 | 0x09 => Action::Get,
            0x01 | 0x11 => Action::Store(Mode::Set),
            0x02 | 0x12 => Action::Store(Mode::Add),
            0x03 | 0x13 => Action::Store(Mode::Replace),
            0x04 | 0x14 => Action::Delete,
            0x05 | 0x15 => Action::Sum(Sign::Plus),
            0x06 | 0x16 => Action::Sum(Sign::Minus),
            0x07 | 0x17 => Action::Quit,
            0x08 | 0x18 => Action::Flush,
            0x0a => Action::Noop,
            0x0b => Action::Version,
            0x0c | 0x0d => Action::GetWithKey,
            0x0e | 0x19 => Action::Store(Mode::Append),
            0x0f | 0x1a => Action::Store(Mode::Prepend),
            0x10 => Action::Stat,
            0x1c => Action::Touch,
            0x1d | 0x1e => Action::GetAndTouch,
            0x20 => Action::SaslList,
            0x21 => Action::SaslAuth,
            0x22 => Action::SaslStep,
            0x23 | 0x24 => Action::GetWithKeyAndTouch,
            _ => Action::Unknown,
        }
    }

    /// The command of the same meaning in the text protocol, under which it is counted.
    pub(super) fn verb(self) -> Option<Verb> {
        Some(match self {
            Action::Get | Action::GetWithKey => Verb::Get,
            Action::Touch => Verb::Touch,
            Action::GetAndTouch | Action::GetWithKeyAndTouch => Verb::Gat,
            Action::Store(Mode::Set) => Verb::Set,
            Action::Store(Mode::Add) => Verb::Add,
            Action::Store(Mode::Replace) => Verb::Replace,
            Action::Store(Mode::Append) => Verb::Append,
            Action::Store(Mode::Prepend) => Verb::Prepend,
            Action::Delete => Verb::Delete,
            Action::Sum(Sign::Plus) => Verb::Incr,
            Action::Sum(Sign::Minus) => Verb::Decr,
            Action::Flush => Verb::FlushAll,
            Action::Version => Verb::Version,
            Action::Stat => Verb::Stats,
            Action::Quit => Verb::Quit,
            Action::Noop
            | Action::SaslList
            | Action::SaslAuth
            | Action::SaslStep
            | Action::Unknown => return None,
        })
    }

    /// Whether an answer carries the key.
    pub(super) fn tells_key(self) -> bool {
        matches!(self, Action::GetWithKey | Action::GetWithKeyAndTouch)
    }

    pub(super) fn is_sasl(self) -> bool {
        matches!(self, Action::SaslList | Action::SaslAuth | Action::SaslStep)
    }

    /// Whether those may ask for it who have not said who they are.
    pub(super) fn is_for_strangers(self) -> bool {
        self.is_sasl() || self == Action::Version
    }

    /// Whether a frame has the parts that it needs and no others.
    pub(super) fn fits(self, header: &Header) -> bool {
        let Header { extras_bytes, key_bytes, .. } = *header;
        let (has_key, has_value) = (key_bytes > 0, header.value_bytes() > 0);
        match self {
            Action::Get | Action::GetWithKey | Action::Delete => {
                extras_bytes == 0 && has_key && !has_value
            }
            Action::Store(Mode::Append | Mode::Prepend) | Action::SaslAuth | Action::SaslStep => {
                extras_bytes == 0 && has_key
            }
            Action::Store(_) => extras_bytes == STORE_EXTRAS && has_key,
            Action::Sum(_) => extras_bytes == SUM_EXTRAS && has_key && !has_value,
            Action::Touch | Action::GetAndTouch | Action::GetWithKeyAndTouch => {
                extras_bytes == TIME_EXTRAS && has_key && !has_value
            }
            Action::Flush => matches!(extras_bytes, 0 | TIME_EXTRAS) && !has_key && !has_value,
            Action::Noop | Action::Version | Action::Quit | Action::SaslList => {
                header.body_bytes == 0
            }
            Action::Stat => extras_bytes == 0 && !has_value,
            Action::Unknown => true,
        }
    }
}

/// Whether an opcode is one of those that say nothing of success, or of a miss.
pub(super) fn is_quiet(code: u8) -> bool {
    matches!(code, 0x09 | 0x0d | 0x11..=0x1a | 0x1e | 0x24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_actions_agree() {
        let rows =
            |code: u8| OPCODES.iter().filter(move |it| it.code == code || it.quiet == Some(code));
        for code in 0..=u8::MAX {
            let served = rows(code).find(|it| it.support == Complete);
            assert_eq!(served.is_some(), Action::of(code) != Action::Unknown, "{code:#x}");
            assert!(rows(code).count() <= 1, "{code:#x} is there twice");
            if let Some(row) = served {
                assert_eq!(Action::of(row.code), Action::of(code), "{code:#x}");
                assert_eq!(is_quiet(code), row.quiet == Some(code), "{code:#x}");
            }
        }
    }
}
