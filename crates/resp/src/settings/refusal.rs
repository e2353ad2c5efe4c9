//! Why a value was refused: every sentence about settings that a client or the log can see.

use std::fmt;

use super::kind::AddressFamily;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Between(i64, i64),
    EventClass,
    Duplicate,
    Immutable,
    NotAChoice(&'static [&'static str]),
    NotAMemoryValue,
    NotAnAddress(AddressFamily),
    NotAMemoryOrPercentValue,
    NotAnInteger,
    NotAnOctal,
    NotYesOrNo,
    NotUtf8,
    OomScore,
    OomScoreCount,
    OutputLimitClass,
    OutputLimitCount,
    OutputLimitValue,
    Percent,
    PercentilesRange,
    Percentiles,
    Protected,
    SavePoints,
    /// Only these values work for now.
    Unsupported(&'static [&'static str]),
    /// The process could not act on the value.
    Host(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Between(min, max) => {
                return write!(f, "argument must be between {min} and {max} inclusive");
            }
            Refusal::NotAChoice(words) => {
                let words = words.join(", ");
                return write!(f, "argument(s) must be one of the following: {words}");
            }
            Refusal::Unsupported([""]) => "not supported yet: the only value for now is empty",
            Refusal::Unsupported(words) => {
                let words = words.join(", ");
                return write!(f, "not supported yet: for now it must be {words}");
            }
            Refusal::Host(reason) => reason,
            Refusal::EventClass => "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
            Refusal::Duplicate => "duplicate parameter",
            Refusal::Immutable => "can't set immutable config",
            Refusal::NotAnAddress(AddressFamily::V4) => "Invalid IPv4 address",
            Refusal::NotAnAddress(AddressFamily::V6) => "Invalid IPv6 address",
            Refusal::NotAMemoryValue => "argument must be a memory value",
            Refusal::NotAMemoryOrPercentValue => "argument must be a memory or percent value",
            Refusal::NotAnInteger => "argument couldn't be parsed into an integer",
            Refusal::NotAnOctal => "argument couldn't be parsed as an octal number",
            Refusal::NotYesOrNo => "argument must be 'yes' or 'no'",
            Refusal::NotUtf8 => "argument must be valid UTF-8",
            Refusal::OomScore => {
                "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
            }
            Refusal::OomScoreCount => "wrong number of arguments",
            Refusal::OutputLimitClass => {
                "Invalid client class specified in buffer limit configuration."
            }
            Refusal::OutputLimitCount => "Wrong number of arguments in buffer limit configuration.",
            Refusal::OutputLimitValue => {
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
            }
            Refusal::Percent => "percentage argument must be less or equal to 100",
            Refusal::PercentilesRange => {
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
            }
            Refusal::Percentiles => "Invalid latency-tracking-info-percentiles parameters",
            Refusal::Protected => "can't set protected config",
            Refusal::SavePoints => "Invalid save parameters",
        })
    }
}
