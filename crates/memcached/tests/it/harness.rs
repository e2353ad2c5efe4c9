//! A session with a keyspace of its own, a clock that tests move, and transcripts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use bytes::BytesMut;
use parking_lot::Mutex;
use tandem_engine::{KeyHash, Keyspace, KeyspaceOptions, Output};
use tandem_memcached::{
    ConnectionInfo, Connections, CpuTimes, Host, Server, ServerParts, Session, Settings, Shutdown,
    Step, TooLarge,
};

/// Some moment in 2026.
pub(crate) const START_MS: u64 = 1_795_000_000_000;

#[derive(Default)]
pub(crate) struct FakeHost {
    pub(crate) n_shutdowns: AtomicU32,
    pub(crate) n_refreshes: AtomicU32,
    /// Why certificates cannot be loaded again.
    pub(crate) no_certs: Mutex<Option<String>>,
    /// Values that were too large: the prefix of the key, their size, the limit.
    pub(crate) too_large: Mutex<Vec<(String, usize, usize)>>,
}

impl Host for FakeHost {
    fn pid(&self) -> u32 {
        42
    }

    fn uptime_s(&self) -> u64 {
        7
    }

    fn cpu_times(&self) -> CpuTimes {
        CpuTimes::default()
    }

    fn n_threads(&self) -> usize {
        2
    }

    fn connections(&self) -> Connections {
        Connections { accepted: 9, max: 1024, accepting: true, ..Connections::default() }
    }

    fn listeners(&self) -> Vec<String> {
        vec!["tcp:127.0.0.1:11211".into()]
    }

    fn store_was_too_large(&self, it: TooLarge<'_>) {
        let TooLarge { prefix, value_bytes, item_bytes_max } = it;
        self.too_large.lock().push((prefix.to_owned(), value_bytes, item_bytes_max));
    }

    fn refresh_certs(&self) -> Result<(), String> {
        self.n_refreshes.fetch_add(1, SeqCst);
        self.no_certs.lock().clone().map_or(Ok(()), Err)
    }

    fn shutdown(&self, _how: Shutdown) {
        self.n_shutdowns.fetch_add(1, SeqCst);
    }
}

/// A client and the server it talks to.
pub(crate) struct Talk {
    pub(crate) server: Arc<Server>,
    pub(crate) host: Arc<FakeHost>,
    session: Session,
    input: BytesMut,
    out: Output,
    pub(crate) now_ms: u64,
    pub(crate) last_step: Option<Step>,
    /// Most bytes that waited to be written at a time.
    pub(crate) output_peak: usize,
    /// Where the slices of the last answer lay.
    pub(crate) slices_at: Vec<*const u8>,
}

impl Talk {
    /// `args` is memcached's command line.
    pub(crate) fn with(args: &str) -> Talk {
        let args: Vec<String> = args.split_whitespace().map(Into::into).collect();
        let settings = Settings::from_args(&args).expect("a valid command line");
        let options = KeyspaceOptions { n_shards: 4, seed: Some(1), ..settings.keyspace_options() };
        let host = Arc::new(FakeHost::default());
        let server = Arc::new(Server::new(ServerParts {
            keyspace: Arc::new(Keyspace::new(options)),
            settings,
            host: host.clone(),
            n_workers: 1,
            clock_ns: || 0,
        }));
        Talk::on(server, host, START_MS)
    }

    fn on(server: Arc<Server>, host: Arc<FakeHost>, now_ms: u64) -> Talk {
        let session = Talk::session(&server);
        let (input, out) = (BytesMut::new(), Output::default());
        Talk {
            server,
            host,
            session,
            input,
            out,
            now_ms,
            last_step: None,
            output_peak: 0,
            slices_at: Vec::new(),
        }
    }

    /// Another client of the same server.
    pub(crate) fn beside(&self) -> Talk {
        Talk::on(Arc::clone(&self.server), Arc::clone(&self.host), self.now_ms)
    }

    /// Sends a line and lets the session have one turn.
    pub(crate) fn turn(&mut self, line: &str) -> (Step, Vec<u8>) {
        self.input.extend_from_slice(format!("{line}\r\n").as_bytes());
        self.turn_on()
    }

    /// One more turn.
    pub(crate) fn turn_on(&mut self) -> (Step, Vec<u8>) {
        let step = self.session.advance(&mut self.input, &mut self.out, self.now_ms);
        let answer = self.out.slices().flatten().copied().collect();
        self.out.clear();
        (step, answer)
    }

    pub(crate) fn new() -> Talk {
        Talk::with("")
    }

    fn session(server: &Arc<Server>) -> Session {
        let info = ConnectionInfo {
            peer: "tcp:127.0.0.1:50000".into(),
            local: "tcp:127.0.0.1:11211".into(),
            connected_at_ms: START_MS,
        };
        Session::new(Arc::clone(server), Arc::clone(&server.workers()[0]), info)
    }

    /// What the session has to say that nobody asked for.
    pub(crate) fn news(&mut self) -> String {
        String::from_utf8_lossy(&self.send(b"")).into_owned()
    }

    /// A new connection to the same server.
    pub(crate) fn reconnect(&mut self) {
        self.session = Talk::session(&self.server);
        self.input.clear();
        self.last_step = None;
    }

    /// The hash of the one key that the session says it would look at next.
    pub(crate) fn look_ahead(&self, bytes: &[u8]) -> Option<KeyHash> {
        let (db, hash) = self.session.look_ahead(bytes)?;
        self.session.fetch(db, hash);
        Some(hash)
    }

    /// Sends bytes and returns what comes back; nothing once the connection is closed.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        if self.last_step == Some(Step::Close) {
            return answer;
        }
        self.input.extend_from_slice(bytes);
        loop {
            let step = self.session.advance(&mut self.input, &mut self.out, self.now_ms);
            answer.extend(self.out.slices().flatten());
            self.output_peak = self.output_peak.max(self.out.len());
            self.slices_at = self.out.slices().map(<[u8]>::as_ptr).collect();
            self.out.clear();
            self.last_step = Some(step);
            if step != Step::Write && step != Step::Yield {
                return answer;
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.last_step == Some(Step::Close)
    }

    /// Bytes of the input that wait for more.
    pub(crate) fn n_waiting(&self) -> usize {
        self.input.len()
    }

    pub(crate) fn input_at(&self) -> *const u8 {
        self.input.as_ptr()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.input.capacity()
    }

    /// Sends a line and returns the answer as text.
    pub(crate) fn say(&mut self, line: &str) -> String {
        let answer = self.send(format!("{line}\r\n").as_bytes());
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Checks a conversation: lines after `> ` are sent (`\xNN`, `\0` and the like are understood),
    /// the others are what comes back, and
    /// `+ 1000` lets a second pass.
    pub(crate) fn check(&mut self, transcript: &str) {
        let lines = transcript.lines().map(str::trim_start).filter(|it| !it.is_empty());
        let (mut actual, mut expected) = (Vec::new(), Vec::new());
        for line in lines {
            expected.push(line.to_owned());
            if let Some(sent) = line.strip_prefix('>') {
                let sent = unescape(sent.strip_prefix(' ').unwrap_or(sent));
                actual.push(line.to_owned());
                actual.extend(shown(&self.send(&[&sent[..], b"\r\n"].concat())));
            } else if let Some(ms) = line.strip_prefix("+ ") {
                self.now_ms += ms.parse::<u64>().expect("a number of milliseconds");
                actual.push(line.to_owned());
            }
        }
        let (actual, expected) = (actual.join("\n"), expected.join("\n"));
        assert!(actual == expected, "the conversation went:\n{actual}\nexpected:\n{expected}");
    }
}

/// An answer's lines as a transcript has them.
fn shown(answer: &[u8]) -> impl Iterator<Item = String> {
    answer.split_inclusive(|it| *it == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line).escape_ascii().to_string();
        if line.is_empty() { "(empty)".into() } else { line }
    })
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, used) = match tail {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'x', high, low, ..] => {
                let digit = |it: u8| char::from(it).to_digit(16).expect("a hex digit") as u8;
                (digit(*high) << 4 | digit(*low), 3)
            }
            _ => panic!("unknown escape in {text}"),
        };
        bytes.push(byte);
        rest = &tail[used..];
    }
    bytes
}

/// Checks a conversation with a fresh server.
pub(crate) fn check(transcript: &str) {
    Talk::new().check(transcript);
}

/// Takes two values of 16 KiB, which arrive in buffers of their own, in one item and not three.
const SMALL_LIMIT: &str = "-I 36k";

/// Checks that a stream is answered alike in whatever pieces it arrives: cut in two at any place,
/// byte by byte, and in pieces of sizes around those of buffers. Returns the answer.
pub(crate) fn check_pieces(stream: &[u8]) -> Vec<u8> {
    let whole = Talk::with(SMALL_LIMIT).send(stream);
    let check = |what: &str, at: usize, pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut talk = Talk::with(SMALL_LIMIT);
        let answer: Vec<u8> = pieces.flat_map(|piece| talk.send(piece)).collect();
        assert!(answer == whole, "{what} {at}");
    };
    let mut n_cuts = 0;
    for at in (0..=stream.len()).filter(|at| is_worth_a_cut(stream, *at)) {
        let (before, behind) = stream.split_at(at);
        check("cut at", at, &mut [before, behind].into_iter());
        n_cuts += 1;
    }
    assert!(n_cuts > 500, "only {n_cuts} cuts");
    for n_bytes in [1, 2, 3, 7, 100, 1021, 2048, 16_383, 16_384, 16_385, 16_386, 20_001] {
        check("in pieces of", n_bytes, &mut stream.chunks(n_bytes));
    }
    whole
}

/// Inside of a long value one place is like another.
fn is_worth_a_cut(stream: &[u8], at: usize) -> bool {
    let near = &stream[at.saturating_sub(32)..stream.len().min(at + 32)];
    near.windows(2).any(|it| it[0] != it[1]) || at.is_multiple_of(4099)
}
