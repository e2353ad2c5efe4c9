//! Sockets: making listeners, and streams of both kinds behind one face.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};

/// A listening socket, not yet in any runtime.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: Socket,
    pub(crate) address: Address,
}

/// A socket for datagrams, not yet in any runtime.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) socket: Socket,
    pub(crate) address: SocketAddr,
}

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// The two ends of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) remote: Address,
    pub(crate) local: Address,
    pub(crate) fd: i32,
}

/// A connection that was accepted and has no worker yet.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) socket: Socket,
    pub(crate) peer: Peer,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Address {
    /// True for whoever is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Address::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Address::Unix(_) => true,
        }
    }
}

impl Peer {
    /// A fixed peer for tests that have no socket.
    #[cfg(test)]
    pub(crate) fn at(remote: &str) -> Peer {
        let local = Address::Tcp("127.0.0.1:1".parse().unwrap());
        Peer { remote: Address::Tcp(remote.parse().unwrap()), local, fd: 0 }
    }
}

/// Listens on a port of every host in `hosts`.
pub(crate) fn listen_tcp(
    hosts: &[String],
    port: u16,
    backlog: i32,
) -> Result<Vec<Listener>, String> {
    let opened = open_each(hosts, port, |address| listen_at(address, backlog))?;
    let listener = |(socket, address)| Listener { socket, address: Address::Tcp(address) };
    Ok(opened.into_iter().map(listener).collect())
}

/// Takes the datagrams that arrive at a port of every host in `hosts`.
pub(crate) fn take_datagrams(hosts: &[String], port: u16) -> Result<Vec<Mailbox>, String> {
    let opened = open_each(hosts, port, |address| {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        bind(&socket, address)?;
        Ok(socket)
    })?;
    Ok(opened.into_iter().map(|(socket, address)| Mailbox { socket, address }).collect())
}

/// Opens a port of every host: names and addresses as redis.conf's `bind` has them. `*` is every
/// IPv4 address, `::*` every IPv6 one; a host behind `-` may fail. A host may bring its own port
/// (`host:port`), as memcached's -l allows.
fn open_each(
    hosts: &[String],
    port: u16,
    open: impl Fn(SocketAddr) -> io::Result<Socket>,
) -> Result<Vec<(Socket, SocketAddr)>, String> {
    let mut opened = Vec::new();
    for host in hosts {
        let (host, optional) = match host.strip_prefix('-') {
            Some(host) => (host, true),
            None => (host.as_str(), false),
        };
        for address in resolve(host, port)? {
            match open(address) {
                Ok(socket) => {
                    let bound = socket.local_addr().ok().and_then(|it| it.as_socket());
                    opened.push((socket, bound.unwrap_or(address)));
                }
                Err(error) if optional => {
                    tracing::debug!(%address, %error, "optional address is not there");
                }
                Err(error) => return Err(format!("cannot listen on {address}: {error}")),
            }
        }
    }
    Ok(opened)
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let any = |ip: IpAddr| Ok(vec![SocketAddr::new(ip, port)]);
    match host {
        "" | "*" => return any(Ipv4Addr::UNSPECIFIED.into()),
        "::*" => return any(Ipv6Addr::UNSPECIFIED.into()),
        _ => {}
    }
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return any(ip);
    }
    if let Ok(address) = host.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    let found = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => {
            host.to_socket_addrs().map_err(|e| format!("cannot find the address of {name}: {e}"))
        }
        _ => (host, port)
            .to_socket_addrs()
            .map_err(|e| format!("cannot find the address of {host}: {e}")),
    };
    let mut found: Vec<SocketAddr> = found?.collect();
    found.dedup();
    Ok(found)
}

fn listen_at(address: SocketAddr, backlog: i32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    bind(&socket, address)?;
    socket.listen(backlog)?;
    Ok(socket)
}

fn bind(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())
}

/// Listens on a path. `mode` is what chmod would get; 0 leaves what the umask says.
pub(crate) fn listen_unix(path: &Path, mode: u32, backlog: i32) -> Result<Listener, String> {
    let failed = |error| format!("cannot listen on {}: {error}", path.display());
    // A socket that a killed process left behind would be in the way.
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(failed(error));
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    socket.bind(&SockAddr::unix(path).map_err(failed)?).map_err(failed)?;
    if mode != 0 {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).map_err(failed)?;
    }
    socket.listen(backlog).map_err(failed)?;
    Ok(Listener { socket, address: Address::Unix(path.to_owned()) })
}

/// Takes one connection from a listener that is ready.
pub(crate) fn accept(listener: &Listener) -> io::Result<Accepted> {
    let (socket, remote) = listener.socket.accept()?;
    socket.set_nonblocking(true)?;
    let peer = match &listener.address {
        Address::Tcp(listening) => Peer {
            remote: Address::Tcp(remote.as_socket().unwrap_or(*listening)),
            local: Address::Tcp(
                socket.local_addr().ok().and_then(|it| it.as_socket()).unwrap_or(*listening),
            ),
            fd: socket.as_raw_fd(),
        },
        Address::Unix(path) => Peer {
            remote: Address::Unix(path.clone()),
            local: Address::Unix(path.clone()),
            fd: socket.as_raw_fd(),
        },
    };
    Ok(Accepted { socket, peer })
}

/// Replies leave at once, and a peer that vanished is noticed after about `keepalive_s` seconds.
pub(crate) fn tune(socket: &Socket, keepalive_s: u64) {
    // A connection whose options cannot be set works all the same.
    let _ = SockRef::from(socket).set_tcp_nodelay(true);
    if keepalive_s > 0 {
        let probes = TcpKeepalive::new()
            .with_time(Duration::from_secs(keepalive_s))
            .with_interval(Duration::from_secs((keepalive_s / 3).max(1)))
            .with_retries(3);
        let _ = socket.set_tcp_keepalive(&probes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn hosts_are_names_addresses_and_stars() {
        let listeners = listen_tcp(&hosts("127.0.0.1 -203.0.113.1"), 0, 16).unwrap();
        assert_eq!(listeners.len(), 1);
        assert!(listeners[0].address.is_local());
        let error = listen_tcp(&hosts("203.0.113.1"), 0, 16).unwrap_err();
        assert!(error.starts_with("cannot listen on 203.0.113.1:0"), "{error}");
        assert_eq!(resolve("*", 1).unwrap(), ["0.0.0.0:1".parse().unwrap()]);
        assert_eq!(resolve("::*", 1).unwrap(), ["[::]:1".parse().unwrap()]);
        assert_eq!(resolve("[::1]", 1).unwrap(), ["[::1]:1".parse().unwrap()]);
        assert_eq!(resolve("127.0.0.1:5", 1).unwrap(), ["127.0.0.1:5".parse().unwrap()]);
    }

    #[test]
    fn a_port_in_use_is_named() {
        let first = listen_tcp(&hosts("127.0.0.1"), 0, 16).unwrap();
        let Address::Tcp(address) = &first[0].address else { panic!() };
        let error = listen_tcp(&hosts("127.0.0.1"), address.port(), 16).unwrap_err();
        assert!(error.contains(&address.to_string()), "{error}");
    }

    #[test]
    fn unix_sockets_get_their_mode_and_replace_a_stale_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tandem.sock");
        drop(listen_unix(&path, 0o700, 16).unwrap());
        let _again = listen_unix(&path, 0o770, 16).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o770);
    }
}
