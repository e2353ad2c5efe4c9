//! `ms`: a value, stored under conditions.

use tandem_engine::NewValue;

use crate::error::Error;
use crate::marks;
use crate::meta::Request;
use crate::meta::flags::{DecodedKey, Flags};
use crate::meta::reply::{self, KeyText};
use crate::ops::{self, Mode, More, Store, Stored, Unstorable};
use crate::request::Tell;
use crate::run::Cx;
use crate::settings::Settings;

/// Runs a store. `value` is `None` when it does not end where it should.
pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>, value: Option<NewValue<'_>>) {
    let mut decoded = DecodedKey::new();
    let flags = Flags::parse(request.flags, request.key.name, &mut decoded);
    let checked = flags.and_then(|flags| Ok((mode(flags.mode)?, flags)));
    match checked.and_then(|(mode, flags)| flags.check_opaque().map(|()| (mode, flags))) {
        Ok((mode, flags)) => {
            let key = flags.key(request.key, &decoded);
            set(cx, &Request { key, ..*request }, &flags, mode, value);
        }
        Err(error) => cx.refuse(Some(request.verb), Tell::Outcome, error),
    }
}

fn mode(letter: u8) -> Result<Mode, Error> {
    Ok(match letter {
        0 | b'S' => Mode::Set,
        b'E' => Mode::Add,
        b'R' => Mode::Replace,
        b'A' => Mode::Append,
        b'P' => Mode::Prepend,
        _ => return Err(Error::StoreMode),
    })
}

/// True when the value is worth waiting for: nothing is wrong with the flags and it fits.
pub(super) fn is_storable(request: &Request<'_>, settings: &Settings) -> bool {
    let mut decoded = DecodedKey::new();
    let Ok(flags) = Flags::parse(request.flags, request.key.name, &mut decoded) else {
        return false;
    };
    let key_bytes = flags.key(request.key, &decoded).name.len();
    mode(flags.mode).is_ok()
        && flags.check_opaque().is_ok()
        && settings.item_fits(key_bytes, flags.client_bits, request.value_bytes)
}

fn set(
    cx: &mut Cx<'_>,
    request: &Request<'_>,
    flags: &Flags<'_>,
    mode: Mode,
    value: Option<NewValue<'_>>,
) {
    let key = request.key;
    if !cx.server.settings.item_fits(key.name.len(), flags.client_bits, request.value_bytes) {
        // Whatever the mode, the old value goes.
        let why = Unstorable::TooLarge { value_bytes: request.value_bytes };
        ops::refuse_store(cx, Mode::Set, key, why);
        return cx.refuse(Some(request.verb), Tell::Outcome, Error::TooLarge);
    }
    let Some(value) = value else { return cx.refuse_data(request.verb, Tell::Outcome) };
    let store = Store {
        key,
        mode,
        client_flags: flags.client_bits,
        exptime: flags.exptime,
        compare: flags.compare(),
        wants_cas: flags.has(b'c'),
        more: More {
            cas: flags.cas(),
            marks: if flags.has(b'b') { marks::BASE64_KEY } else { 0 },
            takes_stale: flags.has(b'I'),
            vivify: flags.has(b'N').then_some(flags.vivify),
        },
    };
    let (code, cas, value_bytes) = match ops::store(cx, &store, value) {
        Stored::Done { .. } if flags.has(b'q') => return,
        Stored::Done { cas, value_bytes } => (&b"HD"[..], cas, value_bytes),
        Stored::Declined => (&b"NS"[..], 0, request.value_bytes),
        Stored::Missing => (&b"NF"[..], 0, request.value_bytes),
        Stored::CasMismatch => (&b"EX"[..], 0, request.value_bytes),
        Stored::NoMemory => {
            cx.view(key).remove(key);
            return cx.refuse(Some(request.verb), Tell::Outcome, Error::NoMemoryStoring);
        }
    };
    let buf = &mut cx.out.buf;
    buf.extend_from_slice(code);
    for token in flags.tokens() {
        match token[0] {
            b'k' => reply::key(buf, key.name, KeyText::asked(flags)),
            b'O' => reply::opaque(buf, token),
            b'c' => reply::number(buf, b'c', cas),
            b's' => reply::number(buf, b's', value_bytes),
            _ => {}
        }
    }
    buf.extend_from_slice(b"\r\n");
}
