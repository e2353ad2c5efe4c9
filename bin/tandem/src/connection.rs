//! The one loop that moves bytes between a socket and a session.
//!
//! A turn is one read, all whole commands, one write. Input and output lie in buffers of the
//! worker, hot in its cache and shared by all its connections; a connection has buffers of its own
//! only for what a turn left over: half a command, or replies that the socket did not take. So
//! an idle connection holds no buffer at all. Nothing is read while replies wait.
//!
//! A single small command has its turn in two parts: it is read and parsed, and its key's place in
//! memory is asked for; then the other ready connections do the same, and only then does it run.
//! So the cache misses of many connections overlap, as those of a pipeline do.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tandem_engine::Output;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;
use tokio_util::io::poll_read_buf;

use crate::clock;
use crate::protocol::{Held, Session, Step};
use crate::upcoming::Upcoming;

/// What connections of one worker share. Borrowed within a turn, never across an await.
#[derive(Default)]
pub(crate) struct Shared {
    buffers: RefCell<Buffers>,
    /// By front end: their keys lie in different keyspaces.
    upcoming: [RefCell<Upcoming>; 2],
    /// When the clock was last read, in milliseconds since the epoch.
    read_at_ms: Cell<u64>,
    pub(crate) draining: Cell<bool>,
}

#[derive(Default)]
struct Buffers {
    input: BytesMut,
    out: Output,
}

/// A socket, its session, and what the last turn left.
pub(crate) struct Connection<S: Session, T> {
    socket: T,
    session: S,
    shared: Rc<Shared>,
    /// Bytes read and not yet consumed; empty while the worker's buffer serves.
    input: BytesMut,
    /// Replies not yet written.
    out: Output,
    /// How much of `out` is written.
    n_written: usize,
    next: Next,
    /// When the next command was read, in milliseconds since the epoch, if it is parsed and its
    /// key stands in `Upcoming`.
    ahead_since_ms: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    held: Held,
}

/// What a connection does once its replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Read {
        need: usize,
    },
    Advance,
    Wait {
        until_ms: Option<u64>,
    },
    /// The server ends: what has arrived is answered, then the connection closes.
    LastRead,
    Close,
}

impl Shared {
    /// The time, read once for all who look ahead together.
    fn now_ms(&self, front: usize) -> u64 {
        if self.upcoming[front].borrow().is_empty() {
            self.read_at_ms.set(clock::now_ms());
        }
        self.read_at_ms.get()
    }
}

impl<S: Session, T> Drop for Connection<S, T> {
    fn drop(&mut self) {
        if self.ahead_since_ms.is_some() {
            self.shared.upcoming[S::FRONT].borrow_mut().leave();
        }
    }
}

impl<S: Session, T: AsyncRead + AsyncWrite + Unpin> Connection<S, T> {
    pub(crate) fn new(socket: T, session: S, shared: Rc<Shared>) -> Connection<S, T> {
        Connection {
            socket,
            session,
            shared,
            input: BytesMut::new(),
            out: Output::default(),
            n_written: 0,
            next: Next::Read { need: 0 },
            ahead_since_ms: None,
            sleep: None,
            held: Held::default(),
        }
    }

    /// Serves the connection until either side has had enough.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_turns(cx)).await?;
        // The end of the stream goes out behind the last reply; a reset could overtake it.
        std::future::poll_fn(|cx| Pin::new(&mut self.socket).poll_shutdown(cx)).await
    }

    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut read_at_ms = self.ahead_since_ms.take();
        if read_at_ms.is_some() {
            self.shared.upcoming[S::FRONT].borrow_mut().step(|it| self.session.fetch(it));
        } else {
            self.session.waker().register(cx.waker());
        }
        // Whoever wakes a connection that waits wants it to look again.
        if matches!(self.next, Next::Wait { .. }) {
            self.next = Next::Advance;
            self.sleep = None;
        }
        for _ in 0..TURNS_MAX {
            if self.session.is_killed() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_flush(cx))?;
            if self.shared.draining.get() && matches!(self.next, Next::Read { .. }) {
                self.next = Next::LastRead;
            }
            match self.next {
                Next::Close => return Poll::Ready(Ok(())),
                Next::Wait { until_ms } => ready!(self.poll_wait(until_ms, cx)),
                Next::Read { .. } | Next::Advance | Next::LastRead => {
                    let now_ms = read_at_ms.take().unwrap_or_else(|| self.shared.now_ms(S::FRONT));
                    let turn = self.poll_turn(cx, now_ms);
                    if turn.is_pending() && self.next == Next::LastRead {
                        return Poll::Ready(Ok(()));
                    }
                    ready!(turn)?;
                }
            }
        }
        // Others want their turn too.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what earlier turns left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let written =
            poll_write(&mut self.socket, &self.out, &mut self.n_written, &self.session, cx);
        if written.is_pending() {
            self.report();
            return Poll::Pending;
        }
        self.out = Output::default();
        self.n_written = 0;
        self.report();
        written
    }

    fn poll_wait(&mut self, until_ms: Option<u64>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until_ms) = until_ms else { return Poll::Pending };
        let sleep = Box::pin(tokio::time::sleep_until(clock::instant_at_ms(until_ms)));
        let sleep = self.sleep.insert(sleep);
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        self.next = Next::Advance;
        Poll::Ready(())
    }

    /// One read (unless there is something left to do without), all whole commands, one write.
    fn poll_turn(&mut self, cx: &mut Context<'_>, now_ms: u64) -> Poll<io::Result<()>> {
        let shared = Rc::clone(&self.shared);
        let buffers = &mut *shared.buffers.borrow_mut();
        // A command that panicked may have left something behind.
        buffers.input.clear();
        buffers.out.clear();
        let is_own = !self.input.is_empty();
        let input = if is_own { &mut self.input } else { &mut buffers.input };
        if let Next::Read { .. } | Next::LastRead = self.next {
            let need = if let Next::Read { need } = self.next { need } else { 0 };
            make_room(input, need);
            let n_read = ready!(poll_read_buf(Pin::new(&mut self.socket), cx, input))?;
            if n_read == 0 {
                self.next = Next::Close;
                return Poll::Ready(Ok(()));
            }
            self.session.count_read(n_read, now_ms);
            let mut upcoming = shared.upcoming[S::FRONT].borrow_mut();
            if !is_own
                && upcoming.is_worth_it(n_read)
                && let Some(ahead) = self.session.look_ahead(input)
            {
                self.input = upcoming.join(ahead, input, |it| self.session.fetch(it));
                self.ahead_since_ms = Some(now_ms);
                self.next = Next::Advance;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let output_bytes_max = self.session.output_bytes_max();
        self.next = loop {
            let step = self.session.advance(input, &mut buffers.out, now_ms);
            if output_bytes_max > 0 && buffers.out.len() as u64 > output_bytes_max {
                self.session.count_cut_by_output();
                buffers.out.clear();
                break Next::Close;
            }
            let mut n_written = 0;
            let written =
                poll_write(&mut self.socket, &buffers.out, &mut n_written, &self.session, cx)?;
            if written.is_pending() {
                self.out = std::mem::take(&mut buffers.out);
                self.n_written = n_written;
                break next(step);
            }
            buffers.out.clear();
            if step != Step::Write {
                break next(step);
            }
        };
        if buffers.out.buf.capacity() > SHARED_OUT_BYTES_MAX {
            buffers.out = Output::default();
        }
        if is_own {
            settle(&mut self.input, self.next, &shared.upcoming[S::FRONT]);
        } else if !input.is_empty() {
            self.input = keep(input, self.next);
        }
        if !is_own && buffers.input.capacity() > SHARED_INPUT_BYTES_MAX {
            buffers.input = BytesMut::new();
        }
        self.report();
        Poll::Ready(Ok(()))
    }

    fn report(&mut self) {
        let held = Held {
            input: self.input.len(),
            input_free: self.input.capacity() - self.input.len(),
            output: self.out.len() - self.n_written,
        };
        if held != self.held {
            self.held = held;
            self.session.report(held);
        }
    }
}

fn next(step: Step) -> Next {
    match step {
        Step::ReadMore { need } => Next::Read { need },
        Step::Write => Next::Advance,
        Step::Wait { until_ms } => Next::Wait { until_ms },
        Step::Close => Next::Close,
    }
}

/// Makes room for a read. What a client announces is not believed beyond a limit: ten thousand
/// connections could each announce half a gigabyte.
fn make_room(input: &mut BytesMut, need: usize) {
    let room = input.capacity() - input.len();
    if need > 0 && room >= need {
        // The buffer was made for this value: more room would mean to copy it.
        return;
    }
    if need > READ_BYTES {
        let believed = input.len().max(ANNOUNCED_BYTES_MAX);
        *input = exact(input, need.min(believed));
    } else if room < READ_BYTES {
        input.reserve(READ_BYTES.max(input.len().min(ANNOUNCED_BYTES_MAX)));
    }
}

/// Takes what a turn left in the worker's buffer: the buffer itself, when the session has put one
/// there that is made for the value it waits for.
fn keep(shared: &mut BytesMut, step: Next) -> BytesMut {
    let need = if let Next::Read { need } = step { need } else { 0 };
    let room = shared.capacity() - shared.len();
    if need > READ_BYTES && room >= need {
        return std::mem::take(shared);
    }
    let own = exact(shared, need.clamp(READ_BYTES, ANNOUNCED_BYTES_MAX));
    shared.clear();
    own
}

/// A copy with exactly this much room behind it. A big value stays in the buffer it came in, so
/// room that is left over, as from a buffer that doubles, would be wasted for as long as it lives.
fn exact(input: &[u8], room: usize) -> BytesMut {
    let mut exact = BytesMut::with_capacity(input.len() + room);
    exact.extend_from_slice(input);
    exact
}

/// Gives back memory that a big request needed.
fn settle(own: &mut BytesMut, step: Next, upcoming: &RefCell<Upcoming>) {
    if own.is_empty() {
        upcoming.borrow_mut().give_back(own);
    } else if own.capacity() > SHARED_INPUT_BYTES_MAX && own.len() < own.capacity() / 4 {
        *own = keep(own, step);
    }
}

/// Writes `out` from `n_written` on.
fn poll_write<T: AsyncWrite + Unpin>(
    socket: &mut T,
    out: &Output,
    n_written: &mut usize,
    session: &impl Session,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while *n_written < out.len() {
        let n = if out.is_flat() {
            ready!(Pin::new(&mut *socket).poll_write(cx, &out.buf[*n_written..]))?
        } else {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let n_slices = gather(out, *n_written, &mut slices);
            ready!(Pin::new(&mut *socket).poll_write_vectored(cx, &slices[..n_slices]))?
        };
        if n == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *n_written += n;
        session.count_written(n);
    }
    Poll::Ready(Ok(()))
}

/// Fills `slices` with what follows the first `skip` bytes of `out`; returns how many it filled.
fn gather<'o>(out: &'o Output, mut skip: usize, slices: &mut [IoSlice<'o>]) -> usize {
    let mut n_slices = 0;
    for slice in out.slices() {
        if skip >= slice.len() {
            skip -= slice.len();
            continue;
        }
        if n_slices == slices.len() {
            break;
        }
        slices[n_slices] = IoSlice::new(&slice[skip..]);
        n_slices += 1;
        skip = 0;
    }
    n_slices
}

/// Turns in a row before other connections have theirs.
const TURNS_MAX: usize = 16;

/// What a read asks for: enough for a pipeline of a hundred small commands, and it stays in the
/// first two levels of cache.
const READ_BYTES: usize = 16 << 10;

/// Room is made for an announced value up to this size at once, beyond it as it arrives.
const ANNOUNCED_BYTES_MAX: usize = 4 << 20;

/// A shared buffer that grew beyond these is given back.
const SHARED_INPUT_BYTES_MAX: usize = 64 << 10;
const SHARED_OUT_BYTES_MAX: usize = 1 << 20;

/// Slices of one `writev`.
const SLICES_MAX: usize = 64;

#[cfg(test)]
mod tests;
