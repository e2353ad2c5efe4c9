use std::cell::Cell;

use atomic_waker::AtomicWaker;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, LocalOptions};

use super::*;
use crate::protocol::{Ahead, Watch};

/// Answers every line with itself. `big N` answers N bytes, `close` closes, `wait MS` waits once,
/// `flood N` answers N bytes in steps of the soft limit.
#[derive(Clone, Default)]
struct Echo(Rc<EchoState>);

#[derive(Default)]
struct EchoState {
    killed: Cell<bool>,
    waker: AtomicWaker,
    held: Cell<Held>,
    output_bytes_max: Cell<u64>,
    flood: Cell<usize>,
    /// Turns that it still takes without a word.
    silent: Cell<usize>,
    waited: Cell<bool>,
    n_advances: Cell<usize>,
}

const FLOOD_STEP: usize = 1 << 10;

impl Session for Echo {
    const FRONT: usize = 0;

    fn look_ahead(&mut self, _input: &mut BytesMut) -> Option<Ahead> {
        None
    }

    fn fetch(&self, _ahead: Ahead) {}

    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        let state = &self.0;
        state.n_advances.set(state.n_advances.get() + 1);
        loop {
            if state.flood.get() > 0 {
                let n = state.flood.get().min(FLOOD_STEP);
                out.put(&vec![b'f'; n]);
                state.flood.set(state.flood.get() - n);
                return Step::Write;
            }
            if state.silent.get() > 0 {
                state.silent.set(state.silent.get() - 1);
                return Step::Yield;
            }
            let Some(end) = input.iter().position(|it| *it == b'\n') else {
                return Step::ReadMore { need: 0 };
            };
            let line = String::from_utf8_lossy(&input[..end]).into_owned();
            let number = || line.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
            match line.split(' ').next().unwrap() {
                "wait" if !state.waited.replace(true) => {
                    return Step::Wait { until_ms: Some(now_ms + number() as u64) };
                }
                "panic" => panic!("as asked"),
                "big" => out.put_shared(&bytes::Bytes::from(vec![b'b'; number()])),
                "flood" => state.flood.set(number()),
                "silent" => state.silent.set(number()),
                "close" => return Step::Close,
                _ => out.put(&input[..=end]),
            }
            let _ = input.split_to(end + 1);
        }
    }

    fn is_killed(&self) -> bool {
        self.0.killed.get()
    }

    fn has_news(&self) -> bool {
        false
    }

    fn waker(&self) -> &AtomicWaker {
        &self.0.waker
    }

    fn count_read(&self, _n_bytes: usize, _now_ms: u64) {}

    fn count_written(&self, _n_bytes: usize) {}

    fn output_bytes_max(&self) -> u64 {
        self.0.output_bytes_max.get()
    }

    fn count_cut_by_output(&self) {}

    fn report(&self, held: Held) {
        self.0.held.set(held);
    }

    fn watch(&self) -> std::sync::Arc<dyn Watch> {
        unreachable!("nobody watches connections here")
    }
}

struct Served {
    client: DuplexStream,
    state: Rc<EchoState>,
    shared: Rc<Shared>,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

fn serve_with(pipe_bytes: usize) -> Served {
    let (client, server) = tokio::io::duplex(pipe_bytes);
    let (echo, shared) = (Echo::default(), Rc::<Shared>::default());
    let state = Rc::clone(&echo.0);
    let connection = Connection::new(server, echo, Rc::clone(&shared));
    Served { client, state, shared, task: tokio::task::spawn_local(connection) }
}

fn run(test: impl Future<Output = ()>) {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build_local(LocalOptions::default()).unwrap().block_on(async {
        tokio::time::timeout(std::time::Duration::from_secs(20), test).await.unwrap();
    });
}

impl Served {
    async fn say(&mut self, text: &str) {
        self.client.write_all(text.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self, n_bytes: usize) -> String {
        let mut heard = vec![0; n_bytes];
        self.client.read_exact(&mut heard).await.unwrap();
        String::from_utf8(heard).unwrap()
    }

    async fn rest(mut self) -> String {
        let mut heard = String::new();
        self.client.read_to_string(&mut heard).await.unwrap();
        self.task.await.unwrap().unwrap();
        heard
    }
}

#[test]
fn commands_are_answered_however_they_are_cut() {
    run(async {
        let mut served = serve_with(1 << 16);
        served.say("one\ntw").await;
        assert_eq!(served.hear(4).await, "one\n");
        assert_eq!(served.state.held.get().input, 2);
        served.say("o\nthree\n").await;
        assert_eq!(served.hear(10).await, "two\nthree\n");
        assert_eq!(served.state.held.get(), Held::default(), "an idle connection holds nothing");
        served.say("last\n").await;
        served.client.shutdown().await.unwrap();
        assert_eq!(served.rest().await, "last\n");
    });
}

#[test]
fn pipelines_longer_than_the_buffer_are_answered_in_order() {
    run(async {
        let mut served = serve_with(1 << 20);
        let lines: String = (0..10_000).fold(String::new(), |to, it| to + &format!("line {it}\n"));
        served.say(&lines).await;
        assert_eq!(served.hear(lines.len()).await, lines);
    });
}

#[test]
fn nothing_is_read_while_replies_wait() {
    run(async {
        let mut served = serve_with(4096);
        served.say("flood 100000\nnext\n").await;
        while served.state.held.get().output == 0 {
            tokio::task::yield_now().await;
        }
        // The pipe takes 4096 bytes of commands, and no more of them are taken out of it.
        let more = "x\n".repeat(2048);
        served.say(&more).await;
        let n_advances = served.state.n_advances.get();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(served.state.n_advances.get(), n_advances);
        assert!(served.state.held.get().output <= FLOOD_STEP);
        assert_eq!(served.hear(100_000).await, "f".repeat(100_000));
        assert_eq!(served.hear(5 + more.len()).await, format!("next\n{more}"));
        assert_eq!(served.state.held.get().output, 0);
    });
}

#[test]
fn shared_values_go_out_in_their_place() {
    run(async {
        let mut served = serve_with(1000);
        served.say("a\nbig 20000\nb\nbig 9000\nc\n").await;
        let expected = format!("a\n{}b\n{}c\n", "b".repeat(20_000), "b".repeat(9000));
        assert_eq!(served.hear(expected.len()).await, expected);
    });
}

#[test]
fn output_over_its_limit_ends_the_connection() {
    run(async {
        let mut served = serve_with(1 << 20);
        served.state.output_bytes_max.set(10_000);
        served.say("small\nbig 9990\n").await;
        served.hear(6 + 9990).await;
        served.say("big 10001\n").await;
        assert_eq!(served.rest().await, "");
    });
}

#[test]
fn a_wait_ends_at_its_time_and_keeps_the_commands_behind_it() {
    run(async {
        let mut served = serve_with(1000);
        served.say("wait 30\nbehind\n").await;
        assert_eq!(served.hear(15).await, "wait 30\nbehind\n");
    });
}

#[test]
fn a_killed_connection_closes_at_once() {
    run(async {
        let mut served = serve_with(1000);
        served.say("hello\n").await;
        served.hear(6).await;
        served.state.killed.set(true);
        served.state.waker.wake();
        assert_eq!(served.rest().await, "");
    });
}

#[test]
fn close_comes_after_the_replies() {
    run(async {
        let mut served = serve_with(1000);
        served.say("big 9000\nclose\nnever\n").await;
        assert_eq!(served.rest().await, "b".repeat(9000));
    });
}

#[test]
fn draining_answers_what_has_arrived_and_closes() {
    run(async {
        let mut served = serve_with(1000);
        served.say("before\n").await;
        served.hear(7).await;
        served.client.write_all(b"arrived\nhalf").await.unwrap();
        served.shared.draining.set(true);
        served.state.waker.wake();
        assert_eq!(served.rest().await, "arrived\n");
    });
}

#[test]
fn a_panic_harms_its_own_connection_only() {
    run(async {
        let mut one = serve_with(1000);
        let (client, server) = tokio::io::duplex(1000);
        let connection = Connection::new(server, Echo::default(), Rc::clone(&one.shared));
        let task = tokio::task::spawn_local(connection);
        let mut two = Served { client, state: Rc::default(), shared: Rc::default(), task };
        one.say("not answered\npanic\n").await;
        assert!(one.task.await.unwrap_err().is_panic());
        two.say("fine\n").await;
        assert_eq!(two.hear(5).await, "fine\n");
    });
}

#[test]
fn a_writev_starts_where_the_last_one_ended() {
    let mut out = Output::default();
    out.put(b"abc");
    out.put_shared(&bytes::Bytes::from(vec![b'x'; 9000]));
    out.put(b"def");
    for (skip, expected) in [
        (0, vec![3, 9000, 3]),
        (2, vec![1, 9000, 3]),
        (3, vec![9000, 3]),
        (9002, vec![1, 3]),
        (9005, vec![1]),
        (9006, vec![]),
    ] {
        let mut slices = [IoSlice::new(&[]); 4];
        let n = gather(&out, skip, &mut slices);
        let found: Vec<usize> = slices[..n].iter().map(|it| it.len()).collect();
        assert_eq!(found, expected, "{skip}");
    }
    let mut few = [IoSlice::new(&[]); 1];
    assert_eq!(gather(&out, 0, &mut few), 1);
}

#[test]
fn an_announced_value_gets_its_room_at_once_and_no_memory() {
    let before = crate::process::rss_bytes();
    let mut inputs = Vec::new();
    for _ in 0..20 {
        let mut input = BytesMut::from(&b"$536870912\r\n"[..]);
        make_room(&mut input, 536_870_914);
        assert_eq!(&input[..], b"$536870912\r\n");
        assert_eq!(input.capacity(), 12 + 536_870_914);
        inputs.push(input);
    }
    assert!(crate::process::rss_bytes() < before + (512 << 20), "20 times 512 MiB are announced");
    let mut input = BytesMut::from(&b"$100000\r\n"[..]);
    make_room(&mut input, 100_002);
    assert_eq!(input.capacity(), 9 + 100_002, "no more than the value needs");
    let shared = Shared::default();
    settle(&mut input, Next::Read { need: 100_002 }, &shared.upcoming[0]);
    assert!(input.capacity() >= 100_002, "the value is still to come");
    settle(&mut input, Next::Read { need: 0 }, &shared.upcoming[0]);
    assert!(input.capacity() < 64 << 10, "a small rest gives the memory back");
    assert_eq!(&input[..], b"$100000\r\n");
}

#[test]
fn a_big_reply_lets_others_have_their_turns() {
    run(async {
        let mut big = serve_with(16 << 20);
        let (client, server) = tokio::io::duplex(1000);
        let connection = Connection::new(server, Echo::default(), Rc::clone(&big.shared));
        let task = tokio::task::spawn_local(connection);
        let mut small = Served { client, state: Rc::default(), shared: Rc::default(), task };
        big.say("big 10000000\n").await;
        small.say("hello\n").await;
        assert_eq!(small.hear(6).await, "hello\n");
        let left = big.state.held.get().output;
        assert!(left > 5_000_000, "{left} of 10 MB are left when the other is answered");
        assert_eq!(big.hear(10_000_000).await.len(), 10_000_000);
        assert_eq!(big.state.held.get(), Held::default());
    });
}

#[test]
fn work_without_a_reply_lets_others_have_their_turns() {
    run(async {
        let mut long = serve_with(1000);
        let (client, server) = tokio::io::duplex(1000);
        let connection = Connection::new(server, Echo::default(), Rc::clone(&long.shared));
        let task = tokio::task::spawn_local(connection);
        let mut small = Served { client, state: Rc::default(), shared: Rc::default(), task };
        long.say("silent 1000\ndone\n").await;
        small.say("hello\n").await;
        assert_eq!(small.hear(6).await, "hello\n");
        assert!(long.state.silent.get() > 900, "{} turns are left", long.state.silent.get());
        assert_eq!(long.hear(5).await, "done\n");
    });
}

#[test]
fn one_writev_takes_no_more_than_a_poll_may_write() {
    let mut out = Output::default();
    out.put(b"abc");
    out.put_shared(&bytes::Bytes::from(vec![b'x'; POLL_BYTES]));
    let mut slices = [IoSlice::new(&[]); 4];
    for (skip, expected) in [(0, vec![3, POLL_BYTES - 3]), (POLL_BYTES, vec![3])] {
        let n = gather(&out, skip, &mut slices);
        let found: Vec<usize> = slices[..n].iter().map(|it| it.len()).collect();
        assert_eq!(found, expected, "{skip}");
    }
}

#[test]
fn a_connection_is_small() {
    use crate::front::{memcached::MemcachedSession, resp::RespSession};
    use crate::worker::Served;
    use tokio::net::TcpStream;
    let resp = size_of::<Served<Connection<RespSession, TcpStream>>>();
    let memcached = size_of::<Served<Connection<MemcachedSession, TcpStream>>>();
    assert!(resp <= TASK_BYTES_MAX && memcached <= TASK_BYTES_MAX, "{resp} {memcached}");
    let pieces = [
        size_of::<tandem_resp::Session>(),
        size_of::<tandem_memcached::Session>(),
        size_of::<tandem_resp::ClientHandle>() + HANDLE_COUNTS_BYTES,
        size_of::<tandem_memcached::ClientHandle>() + HANDLE_COUNTS_BYTES,
        size_of::<tandem_resp::Aside>(),
        size_of::<tandem_memcached::Aside>(),
    ];
    assert!(pieces.iter().all(|it| *it <= PIECE_BYTES_MAX), "{pieces:?}");
}

/// tokio puts 104 bytes around a task and rounds up to a multiple of 128: 256 in all.
const TASK_BYTES_MAX: usize = 152;

/// Sessions and what others see of a client: with the allocator's eight bytes each of these fits
/// into what alignment leaves free between the runtime's own pieces.
const PIECE_BYTES_MAX: usize = 104;

/// An `Arc`'s.
const HANDLE_COUNTS_BYTES: usize = 16;
