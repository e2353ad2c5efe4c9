//! Statistics in frames: one for each name and value, and an empty one behind the last.

use tandem_engine::Output;

use crate::binary::frame::Request;
use crate::binary::opcode::Action;
use crate::binary::reply::{self, Status};
use crate::binary::run::refuse;
use crate::report;
use crate::run::Cx;
use crate::walk::Progress;
use crate::words::Words;

/// Topics that are asked for by these words and whatever follows.
const PREFIXES: [&[u8]; 5] = [b"reset", b"settings", b"detail dump", b"detail on", b"detail off"];

/// Topics that are asked for by these words alone, nothing being what is asked for most.
const WHOLE: [&[u8]; 4] = [b"", b"items", b"slabs", b"sizes"];

/// What a line of a report begins with.
const LINE_START: &[u8] = b"STAT ";

pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>) {
    let asked = request.key.name;
    let prefix = PREFIXES.into_iter().find(|it| asked.starts_with(it));
    let topic = prefix.or_else(|| WHOLE.into_iter().find(|it| *it == asked));
    let mut report = Output::default();
    let written = topic.map(|topic| {
        let mut cx = Cx { out: &mut report, walk: None, ..*cx };
        let done = report::run(&mut cx, &Words::of(topic));
        // What becomes frames is told at once.
        while let Some(mut walk) = cx.walk.take() {
            while walk.step(&mut cx) == Progress::More {}
        }
        done
    });
    if !matches!(written, Some(Ok(_))) {
        return refuse(cx, request.to, Action::Stat, Status::NotFound);
    }
    let (to, buf) = (request.to, &mut cx.out.buf);
    if topic == Some(b"detail dump") {
        reply::stat(buf, to, b"detailed", &report.buf);
    } else {
        for (name, value) in report.buf.split(|it| *it == b'\n').filter_map(name_and_value) {
            reply::stat(buf, to, name, value);
        }
    }
    reply::stat(buf, to, b"", b"");
}

/// Reports are made of lines, whoever asks.
fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(LINE_START)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let blank = memchr::memchr(b' ', line)?;
    Some((&line[..blank], &line[blank + 1..]))
}
