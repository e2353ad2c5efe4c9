//! `tandem-bench scrape`: how long `/metrics` takes with many connections, all databases used, and
//! memcached's items of all sizes.

use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result};

use crate::clock::now_ns;
use crate::control::{Control, http_get, line_length};
use crate::load::{Protocol, new_histogram};
use crate::process;
use crate::progress::Bar;
use crate::servers::{Footing, Places, free_port};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ScrapeOptions {
    #[command(flatten)]
    places: Places,
    #[arg(long, short, default_value_t = 10_000)]
    connections: usize,
    /// Keys in each of the 16 databases
    #[arg(long, default_value_t = 1000)]
    keys: u32,
    /// memcached's items, of sizes up to 16 KiB
    #[arg(long, default_value_t = 100_000)]
    items: u32,
    #[arg(long, default_value_t = 100)]
    scrapes: u32,
}

impl ScrapeOptions {
    pub(crate) fn run(self) -> Result<()> {
        process::open_files_at_most()?;
        let admin = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let memcached = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let ports = format!(
            "--resp-port {{port}} --memcached-port {} --admin-port {}",
            memcached.port(),
            admin.port()
        );
        let recipe = self.places.tandem_on(Protocol::Resp, &ports)?;
        let server = recipe.start(Footing::for_items(self.items, MEMCACHED_BYTES_MEAN))?;
        let mut control = Control::connect(Protocol::Resp, server.address)?;
        let maxclients = self.connections + 100;
        control.ask(&format!("CONFIG SET maxclients {maxclients}\r\n"), line_length)?;
        self.fill(&mut control)?;
        self.fill_memcached(memcached)?;
        let held = self.connect(server.address)?;
        let mut time_ns = new_histogram();
        let mut n_bytes = 0;
        for _ in 0..self.scrapes {
            let start_ns = now_ns();
            n_bytes = http_get(admin, "/metrics")?.len();
            time_ns.saturating_record(now_ns() - start_ns);
        }
        let ms = |ns: u64| ns as f64 / 1e6;
        let (median_ms, most_ms) = (ms(time_ns.value_at_quantile(0.5)), ms(time_ns.max()));
        let n_connections = held.len() + 1;
        println!("{} scrapes, {n_connections} connections, {} items", self.scrapes, self.items);
        println!("  {median_ms:.2} ms in the median, {most_ms:.2} ms at most, {n_bytes} bytes");
        let verdict = if median_ms <= BOUND_MS { "met" } else { "MISSED" };
        println!("  {verdict}: bound {BOUND_MS} ms");
        Ok(())
    }

    fn fill(&self, control: &mut Control) -> Result<()> {
        for database in 0..DATABASES {
            control.ask(&format!("SELECT {database}\r\n"), line_length)?;
            for key in 0..self.keys {
                control.ask(&format!("SET key:{key} value\r\n"), line_length)?;
            }
        }
        Ok(())
    }

    fn fill_memcached(&self, address: SocketAddr) -> Result<()> {
        let mut control = Control::connect(Protocol::Memcached, address)?;
        let value = "v".repeat(MEMCACHED_BYTES_MAX);
        for item in 0..self.items {
            // Half of them are small, and each power of two has half as many as the one before.
            let power = item.trailing_zeros().min(MEMCACHED_BYTES_MAX.ilog2());
            let n_bytes = (item as usize * 7919) % (1 << power).max(64);
            let store = format!("set {item} 0 0 {n_bytes}\r\n{}\r\n", &value[..n_bytes]);
            control.ask(&store, line_length)?;
        }
        Ok(())
    }

    fn connect(&self, address: SocketAddr) -> Result<Vec<TcpStream>> {
        let bar = Bar::steps(self.connections as u64);
        bar.say("connecting".into());
        let mut held = Vec::with_capacity(self.connections);
        for index in 0..self.connections {
            let stream = TcpStream::connect(address);
            held.push(stream.with_context(|| format!("connection {index}"))?);
            bar.step();
        }
        // The last one answers only when all before it were accepted.
        Control::connect(Protocol::Resp, address)?.ask("PING\r\n", line_length)?;
        Ok(held)
    }
}

const DATABASES: u32 = 16;
const MEMCACHED_BYTES_MAX: usize = 16 << 10;
const MEMCACHED_BYTES_MEAN: usize = 100;
const BOUND_MS: f64 = 20.0;
