//! What a person sees at the start: what listens where, which limits hold, what to try next.

use std::fmt::Write;

use crate::config::Config;
use crate::host::Listening;
use crate::size;
use crate::socket::Address;

pub(crate) fn text(config: &Config, listening: &Listening) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, config, listening);
    text
}

fn write(to: &mut String, config: &Config, listening: &Listening) -> std::fmt::Result {
    let threads = if config.n_threads == 1 { "thread" } else { "threads" };
    let version = env!("CARGO_PKG_VERSION");
    writeln!(to, "Tandem {version}: {} worker {threads}", config.n_threads)?;
    let resp = budget(config.resp.integer("maxmemory") as u64);
    let policy = config.resp.text("maxmemory-policy");
    line(to, "RESP", &listening.resp, &format!("Redis and Valkey; {resp}, {policy}"))?;
    let memory = budget(config.memcached.memory_max_bytes);
    let full = if config.memcached.evictions { "evicts when full" } else { "refuses when full" };
    line(to, "memcached", &listening.memcached, &format!("{memory}, {full}"))?;
    if !listening.datagrams.is_empty() {
        line(to, "UDP", &listening.datagrams, "memcached; an answer is one datagram at most")?;
    }
    line(to, "admin HTTP", &listening.admin, "/metrics /healthz /readyz")?;
    let clients = config.resp.integer("maxclients");
    let connections = config.memcached.connections_max;
    writeln!(to, "  limits      {clients} RESP clients, {connections} memcached connections")?;
    let tries = [
        port(&listening.resp).map(|it| format!("redis-cli -p {it} set hello world")),
        port(&listening.memcached)
            .map(|it| format!("printf 'stats\\r\\nquit\\r\\n' | nc 127.0.0.1 {it}")),
        port(&listening.admin).map(|it| format!("curl 127.0.0.1:{it}/metrics")),
    ];
    for (index, command) in tries.iter().flatten().enumerate() {
        writeln!(to, "{}{command}", if index == 0 { "Try:  " } else { "      " })?;
    }
    Ok(())
}

fn line<A: ToString>(to: &mut String, name: &str, addresses: &[A], what: &str) -> std::fmt::Result {
    if addresses.is_empty() {
        return writeln!(to, "  {name:<11} off");
    }
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    writeln!(to, "  {name:<11} {}  ({what})", addresses.join(" "))
}

fn budget(bytes: u64) -> String {
    if bytes == 0 { "no memory limit".to_owned() } else { size::format(bytes) }
}

fn port(addresses: &[Address]) -> Option<u16> {
    addresses.iter().find_map(|it| match it {
        Address::Tcp(it) => Some(it.port()),
        Address::Unix(_) => None,
    })
}
