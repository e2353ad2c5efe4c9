//! Statistics in frames: one for each name and value, and an empty one behind the last.

use tandem_engine::Output;

use crate::binary::frame::Request;
use crate::binary::opcode::Action;
use crate::binary::reply::{self, Status, To};
use crate::binary::run::refuse;
use crate::report;
use crate::run::Cx;
use crate::walk::{Progress, Walk};
use crate::words::Words;

const DETAIL_DUMP: &[u8] = b"detail dump";

/// Topics that are asked for by these words and whatever follows.
const PREFIXES: [&[u8]; 5] = [b"reset", b"settings", DETAIL_DUMP, b"detail on", b"detail off"];

/// Topics that are asked for by these words alone, nothing being what is asked for most.
const WHOLE: [&[u8]; 4] = [b"", b"items", b"slabs", b"sizes"];

/// What a line of a report begins with.
const LINE_START: &[u8] = b"STAT ";

/// A report under way, which may take many turns.
pub(super) struct Report {
    to: To,
    lines: Output,
    walk: Option<Box<Walk>>,
    /// Told as one text, not as names and values.
    is_dump: bool,
}

/// Begins a report. One that is not told already goes on with `Report::step`.
pub(super) fn begin(cx: &mut Cx<'_>, request: &Request<'_>) -> Option<Box<Report>> {
    let asked = request.key.name;
    let prefix = PREFIXES.into_iter().find(|it| asked.starts_with(it));
    let topic = prefix.or_else(|| WHOLE.into_iter().find(|it| *it == asked));
    let is_dump = topic == Some(DETAIL_DUMP);
    let mut report = Report { to: request.to, lines: Output::default(), walk: None, is_dump };
    let mut inner = Cx { out: &mut report.lines, walk: None, ..*cx };
    let written = topic.map(|topic| report::run(&mut inner, &Words::of(topic)));
    report.walk = inner.walk.take();
    match written {
        Some(Ok(_)) if report.walk.is_some() => return Some(Box::new(report)),
        Some(Ok(_)) => report.tell(cx.out),
        _ => refuse(cx, request.to, Action::Stat, Status::NotFound),
    }
    None
}

impl Report {
    /// One turn; the last of them tells the report.
    pub(super) fn step(&mut self, cx: &mut Cx<'_>) -> Progress {
        let mut inner = Cx { out: &mut self.lines, walk: None, ..*cx };
        let progress = match &mut self.walk {
            Some(walk) => walk.step(&mut inner),
            None => Progress::Done,
        };
        if progress == Progress::Done {
            self.tell(cx.out);
        }
        progress
    }

    fn tell(&self, out: &mut Output) {
        let (to, buf) = (self.to, &mut out.buf);
        if self.is_dump {
            reply::stat(buf, to, b"detailed", &self.lines.buf);
        } else {
            let lines = self.lines.buf.split(|it| *it == b'\n');
            for (name, value) in lines.filter_map(name_and_value) {
                reply::stat(buf, to, name, value);
            }
        }
        reply::stat(buf, to, b"", b"");
    }
}

/// Reports are made of lines, whoever asks.
fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(LINE_START)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let blank = memchr::memchr(b' ', line)?;
    Some((&line[..blank], &line[blank + 1..]))
}
