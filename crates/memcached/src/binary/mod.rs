//! The binary protocol: frames of a header, extras, a key and a value. memcached calls it
//! deprecated; clients of years still speak it.

mod frame;
mod opcode;
mod reply;
mod run;
mod sasl;
mod session;
mod stat;

pub(crate) use self::frame::{MAGIC, refuse_answer};
pub use self::opcode::{OPCODES, Opcode};
pub(crate) use self::reply::MAGIC as ANSWER_MAGIC;
pub(crate) use self::session::State;
