//! `tandem-bench fanout`: what it costs to publish messages to many subscribers, all of which get
//! every one, in order.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};

use crate::clock::now_ns;
use crate::load::Protocol;
use crate::process::{Cpu, Priority, n_cores, on_core, run_before_others};
use crate::servers::{Footing, Places, Recipe, Server};
use crate::spanned::Spanned;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FanoutOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, default_value_t = 100)]
    subscribers: usize,
    #[arg(long, default_value_t = 64)]
    payload_bytes: usize,
    /// Messages that are published at once, before anybody reads
    #[arg(long, default_value_t = 16)]
    pipeline: usize,
    /// Messages of a window
    #[arg(long, default_value_t = 10_000)]
    messages: usize,
    /// Windows of each server, in turns
    #[arg(long, default_value_t = 6)]
    rounds: usize,
}

/// A server with those who publish and listen.
struct Audience {
    server: Server,
    publisher: TcpStream,
    subscribers: Vec<TcpStream>,
    windows: Vec<Window>,
}

/// Figures of one message to one subscriber.
#[derive(Clone, Copy)]
struct Window {
    cpu_us: f64,
    per_second: f64,
}

impl FanoutOptions {
    pub(crate) fn run(self) -> Result<()> {
        let recipes = self.places.recipes(Protocol::Resp)?;
        let audiences: Result<Vec<Audience>> =
            recipes.iter().map(|it| self.gather(it).with_context(|| it.name.clone())).collect();
        let mut audiences = audiences?;
        let core = Some(n_cores().min(2) - 1);
        let rounds = || -> Result<()> {
            if self.places.real_time {
                run_before_others(Priority::Conductor)?;
            }
            // The first round warms up.
            for round in 0..=self.rounds {
                for it in &mut audiences {
                    it.server.thaw()?;
                    let window = self.window(it).with_context(|| it.server.name.clone())?;
                    it.server.freeze()?;
                    if round > 0 {
                        it.windows.push(window);
                    }
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            scope.spawn(|| on_core(core, rounds)?).join().expect("it returns its errors")
        })?;
        self.print(&audiences);
        Ok(())
    }

    fn gather(&self, recipe: &Recipe) -> Result<Audience> {
        let real_time = self.places.real_time;
        let footing = Footing { core: Some(0), real_time, ..Footing::for_items(1, 1) };
        let server = recipe.start(footing)?;
        let publisher = connect(server.address)?;
        let subscriber = |_| -> Result<TcpStream> {
            let mut stream = connect(server.address)?;
            stream.write_all(b"*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n")?;
            expect(&mut stream, b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")?;
            Ok(stream)
        };
        let subscribers: Result<_> = (0..self.subscribers).map(subscriber).collect();
        let subscribers = subscribers?;
        server.freeze()?;
        Ok(Audience { server, publisher, subscribers, windows: Vec::new() })
    }

    fn window(&self, audience: &mut Audience) -> Result<Window> {
        let pid = audience.server.pid();
        let (before, start_ns) = (Cpu::of(pid)?, now_ns());
        let n_batches = self.messages.div_ceil(self.pipeline).max(1);
        for batch in 0..n_batches {
            self.publish(audience, batch * self.pipeline)?;
        }
        let (cpu_ns, _) = Cpu::of(pid)?.since(before);
        let n_heard = (n_batches * self.pipeline * self.subscribers) as f64;
        let took_ns = (now_ns() - start_ns) as f64;
        Ok(Window { cpu_us: cpu_ns as f64 / n_heard / 1e3, per_second: n_heard / took_ns * 1e9 })
    }

    /// Publishes some messages and reads them wherever they must come.
    fn publish(&self, audience: &mut Audience, first: usize) -> Result<()> {
        let (mut sent, mut heard) = (Vec::new(), Vec::new());
        for number in first..first + self.pipeline {
            let payload = format!("{number:0width$}", width = self.payload_bytes);
            let bulk = format!("$4\r\nnews\r\n${}\r\n{payload}\r\n", payload.len());
            sent.extend_from_slice(format!("*3\r\n$7\r\nPUBLISH\r\n{bulk}").as_bytes());
            heard.extend_from_slice(format!("*3\r\n$7\r\nmessage\r\n{bulk}").as_bytes());
        }
        let counts = format!(":{}\r\n", self.subscribers).repeat(self.pipeline);
        audience.publisher.write_all(&sent)?;
        expect(&mut audience.publisher, counts.as_bytes())?;
        audience.subscribers.iter_mut().try_for_each(|it| expect(it, &heard))
    }

    fn print(&self, audiences: &[Audience]) {
        println!(
            "Messages of {} B to {} subscribers, {} at once: for each message and subscriber the \
             server's CPU time in microseconds, and how many a second.\nRatios are Tandem's to the \
             other's in the same round: median (least-most).",
            self.payload_bytes, self.subscribers, self.pipeline
        );
        let all =
            |it: &Audience, figure: fn(&Window) -> f64| Spanned::of(it.windows.iter().map(figure));
        let ours = audiences.iter().find(|it| it.server.name.starts_with("tandem"));
        for it in audiences {
            let (cpu, rate) = (all(it, |it| it.cpu_us), all(it, |it| it.per_second));
            let name = &it.server.name;
            print!("  {name:<22}CPU {cpu:<24.3}{:>10.0}/s", rate.median);
            if let Some(ours) = ours.filter(|ours| !std::ptr::eq(*ours, it)) {
                let rounds = ours.windows.iter().zip(&it.windows);
                let ratio = Spanned::of(rounds.map(|(ours, theirs)| ours.cpu_us / theirs.cpu_us));
                let verdict = match (name.starts_with("valkey"), ratio.median <= BOUND) {
                    (true, true) => format!("met: at most {BOUND}"),
                    (true, false) => format!("MISSED: at most {BOUND}"),
                    (false, _) => String::new(),
                };
                print!("  CPU ratio {ratio:<22}{verdict}");
            }
            println!();
        }
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn expect(stream: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    let mut heard = vec![0; bytes.len()];
    stream.read_exact(&mut heard)?;
    let seen = &heard[..heard.len().min(SHOWN_BYTES)];
    ensure!(heard == bytes, "a message is lost or wrong: {}", String::from_utf8_lossy(seen));
    Ok(())
}

const BOUND: f64 = 0.70;
/// How much of a wrong reply an error shows.
const SHOWN_BYTES: usize = 120;
