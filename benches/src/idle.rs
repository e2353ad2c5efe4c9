//! `tandem-bench idle`: what a connection costs that was used once and says nothing more.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};

use crate::control::{Control, line_length};
use crate::load::Protocol;
use crate::memory::settled_rss_bytes;
use crate::process;
use crate::progress::Bar;
use crate::servers::{Footing, Places, Recipe};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IdleOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, short, default_value_t = 10_000)]
    connections: usize,
    /// Pairs of SET and GET that each connection sends at once before it falls silent
    #[arg(long, short, default_value_t = 1)]
    pipeline: usize,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = PROTOCOLS)]
    protocol: Vec<Protocol>,
}

impl IdleOptions {
    pub(crate) fn run(self) -> Result<()> {
        process::open_files_at_most()?;
        println!(
            "Growth of resident memory for each of {} connections, without the kernel's sockets.",
            self.connections
        );
        for protocol in &self.protocol {
            for recipe in self.places.recipes(*protocol)? {
                let bytes = self.bytes_each(&recipe).with_context(|| recipe.name.clone())?;
                let verdict = match (recipe.is_tandem(), bytes <= BOUND_BYTES) {
                    (true, true) => format!("met: bound {BOUND_BYTES} B"),
                    (true, false) => format!("MISSED: bound {BOUND_BYTES} B"),
                    (false, _) => String::new(),
                };
                println!("  {:<22}{:<11}{bytes:>8.0} B  {verdict}", recipe.name, protocol.name());
            }
        }
        Ok(())
    }

    fn bytes_each(&self, recipe: &Recipe) -> Result<f64> {
        let recipe = match (recipe.is_tandem(), recipe.protocol) {
            (true, Protocol::Memcached) => recipe.with(MEMCACHED_LETTERS),
            _ => recipe.clone(),
        };
        let server = recipe.start(Footing::for_items(1, 1))?;
        if recipe.is_tandem() && recipe.protocol == Protocol::Resp {
            let maxclients = self.connections + 2 * WARM_CONNECTIONS;
            let mut control = Control::connect(Protocol::Resp, server.address)?;
            control.ask(&format!("CONFIG SET maxclients {maxclients}\r\n"), line_length)?;
        }
        // Code and buffers that all connections share have their pages by then.
        let _warm = self.connect(server.address, recipe.protocol, WARM_CONNECTIONS)?;
        let before = settled_rss_bytes(&server)?;
        let _held = self.connect(server.address, recipe.protocol, self.connections)?;
        let after = settled_rss_bytes(&server)?;
        Ok((after as f64 - before as f64) / self.connections as f64)
    }

    fn connect(&self, address: SocketAddr, protocol: Protocol, n: usize) -> Result<Vec<TcpStream>> {
        let (commands, replies) = match protocol {
            Protocol::Resp => (RESP_COMMANDS, RESP_REPLIES),
            Protocol::Memcached => (MEMCACHED_COMMANDS, MEMCACHED_REPLIES),
        };
        let (commands, replies) = (commands.repeat(self.pipeline), replies.repeat(self.pipeline));
        let bar = Bar::steps(n as u64);
        bar.say("connecting".into());
        let mut held = Vec::with_capacity(n);
        let mut heard = vec![0; replies.len()];
        for index in 0..n {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(commands.as_bytes())?;
            stream.read_exact(&mut heard).with_context(|| format!("connection {index}"))?;
            ensure!(heard == replies.as_bytes(), "{}", String::from_utf8_lossy(&heard));
            held.push(stream);
            bar.step();
        }
        Ok(held)
    }
}

const PROTOCOLS: [Protocol; 2] = [Protocol::Resp, Protocol::Memcached];
const BOUND_BYTES: f64 = 1024.0;
const WARM_CONNECTIONS: usize = 100;
const MEMCACHED_LETTERS: &str = "memcached -- -c 100000";

const RESP_COMMANDS: &str =
    "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
const RESP_REPLIES: &str = "+OK\r\n$5\r\nvalue\r\n";
const MEMCACHED_COMMANDS: &str = "set key 0 0 5\r\nvalue\r\nget key\r\n";
const MEMCACHED_REPLIES: &str = "STORED\r\nVALUE key 0 5\r\nvalue\r\nEND\r\n";
