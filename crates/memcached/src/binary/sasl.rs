//! SASL: the one mechanism is PLAIN.

use crate::auth::{self, Trust};
use crate::binary::frame::Request;
use crate::binary::opcode::Action;
use crate::binary::reply::{self, Status};
use crate::run::Cx;

/// What the client is told that there is.
const MECHANISMS: &[u8] = b"PLAIN";

/// What a client reads that has said right who it is.
const AUTHENTICATED: &[u8] = b"Authenticated";

/// Where a connection stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sasl {
    pub(super) trust: Trust,
    /// PLAIN was begun without its data, which may come in a step.
    is_begun: bool,
}

impl Sasl {
    pub(super) fn new(trust: Trust) -> Sasl {
        Sasl { trust, is_begun: false }
    }

    /// Runs a request that is about SASL. The frame's shape was checked, and that SASL is on.
    pub(super) fn run(&mut self, cx: &mut Cx<'_>, request: &Request<'_>) {
        let to = request.to;
        if request.action == Action::SaslList {
            return reply::data(cx.out, to, 0, MECHANISMS);
        }
        // Whoever begins again is a stranger until that is over.
        self.trust = Trust::None;
        let was_begun = std::mem::take(&mut self.is_begun);
        let is_plain = request.key.name.eq_ignore_ascii_case(MECHANISMS);
        let is_step = request.action == Action::SaslStep;
        if is_plain && !is_step && request.value.is_empty() {
            self.is_begun = true;
            return reply::error(cx.out, to, Status::AuthContinue);
        }
        let is_in_turn = is_plain && (was_begun || !is_step);
        let said = if is_in_turn { credentials(request.value) } else { None };
        if auth::is_known(cx, said) {
            self.trust = Trust::Full;
            return reply::data(cx.out, to, 0, AUTHENTICATED);
        }
        reply::error(cx.out, to, Status::AuthError);
    }
}

/// Name and password of PLAIN's `[authorize as] NUL name NUL password`. Nobody may act as another.
fn credentials(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = data.splitn(3, |it| *it == 0);
    let (other, name, password) = (parts.next()?, parts.next()?, parts.next()?);
    let is_oneself = other.is_empty() || other == name;
    let is_whole = !name.is_empty() && !password.is_empty() && !password.contains(&0);
    (is_oneself && is_whole).then_some((name, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_has_three_parts_and_nobody_acts_for_another() {
        assert_eq!(credentials(b"\0u\0p"), Some((&b"u"[..], &b"p"[..])));
        assert_eq!(credentials(b"u\0u\0p"), Some((&b"u"[..], &b"p"[..])));
        for data in [&b""[..], b"u", b"\0u", b"\0u\0", b"\0\0p", b"v\0u\0p", b"\0u\0p\0"] {
            assert_eq!(credentials(data), None, "{}", data.escape_ascii());
        }
    }
}
