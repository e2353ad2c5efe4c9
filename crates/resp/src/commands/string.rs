//! Strings.

use tandem_engine::Str;

use crate::dispatch::Ctx;
use crate::keys::Keys;
use crate::reply::Answer;
use crate::spec::{Spec, read};

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    read("get", "key", Keys::FIRST, get)
        .fast().doc("1.0.0", "O(1)", "Reads a string."),
];

fn get(cx: &mut Ctx<'_>) -> Answer {
    let value = cx.db.get::<Str>(cx.args.key()?)?;
    Ok(cx.reply.string_or_null(value))
}
