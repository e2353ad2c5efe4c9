//! ZRANDMEMBER.

use tandem_engine::SortedSet;

use super::{Form, put_members};
use crate::dispatch::Ctx;
use crate::reply::Answer;

pub(super) fn zrandmember(cx: &mut Ctx<'_>) -> Answer {
    todo!()
}
