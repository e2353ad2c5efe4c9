//! Auto discovery as ElastiCache has it: a client asks one node for the list of all of them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::admin::Done;
use crate::error::Error;
use crate::reply;
use crate::request::Request;
use crate::run::Cx;
use crate::words::Words;

/// Where clients of an engine before 1.4.14 look for the list.
const KEY: &[u8] = b"AmazonElastiCache:cluster";

/// The one configuration that there is; ElastiCache keeps up to 16.
const CLUSTER: &[u8] = b"cluster";

/// The longest list of nodes, as told to clients: ElastiCache's `config_size_max`.
const LIST_BYTES_MAX: usize = 64 << 10;

/// A member of the cluster, as `host|ip|port` in text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    pub host: String,
    /// Left empty where clients are to look the name up.
    pub ip: Option<IpAddr>,
    pub port: u16,
}

/// Why a node or a list of nodes is refused, in a sentence for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodesError(String);

impl fmt::Display for NodesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NodesError {}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Node { host, ip, port } = self;
        match ip {
            Some(ip) => write!(f, "{host}|{ip}|{port}"),
            None => write!(f, "{host}||{port}"),
        }
    }
}

impl FromStr for Node {
    type Err = NodesError;

    fn from_str(text: &str) -> Result<Node, NodesError> {
        let refuse = || NodesError(format!("{text}: expected host|ip|port, such as a.lan||11211"));
        let mut parts = text.split('|');
        let (Some(host), Some(ip), Some(port), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refuse());
        };
        let ip = if ip.is_empty() { None } else { Some(ip.parse().map_err(|_| refuse())?) };
        let port = port.parse().ok().filter(|it| *it > 0).ok_or_else(refuse)?;
        // Hosts stand between blanks and bars.
        if host.is_empty() || !host.bytes().all(|it| it.is_ascii_graphic()) {
            return Err(refuse());
        }
        Ok(Node { host: host.to_owned(), ip, port })
    }
}

/// Sorts a list of nodes and checks that it can be told.
pub(crate) fn checked(mut nodes: Vec<Node>) -> Result<Vec<Node>, NodesError> {
    nodes.sort_unstable();
    nodes.dedup();
    // The longest version and its line end belong to what is told.
    let list_bytes = payload(u64::MAX, &nodes).len();
    if list_bytes > LIST_BYTES_MAX {
        let most = LIST_BYTES_MAX;
        return Err(NodesError(format!("the list takes {list_bytes} bytes of at most {most}")));
    }
    Ok(nodes)
}

/// The list of nodes as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterList {
    /// One more with every change.
    pub version: u64,
    /// In order. Empty means this node alone, under the address by which a client has reached it.
    pub nodes: Vec<Node>,
}

/// The list of nodes, read by clients and changed by an operator.
#[derive(Debug)]
pub struct Cluster {
    list: Mutex<ClusterList>,
    n_sets: AtomicU64,
}

impl Cluster {
    pub(crate) fn new(version: u64, nodes: Vec<Node>) -> Cluster {
        let list = Mutex::new(ClusterList { version, nodes });
        Cluster { list, n_sets: AtomicU64::new(0) }
    }

    pub fn list(&self) -> ClusterList {
        self.list.lock().clone()
    }

    /// How often an operator has set the list.
    pub fn n_sets(&self) -> u64 {
        self.n_sets.load(Relaxed)
    }

    /// Puts another list in place of this one; returns what holds now. The version grows by one
    /// when that is a change, or to the given one: the nodes of a cluster should tell the same.
    pub fn set(&self, nodes: Vec<Node>, version: Option<u64>) -> Result<ClusterList, NodesError> {
        let nodes = checked(nodes)?;
        let mut list = self.list.lock();
        let is_change = list.nodes != nodes;
        let next = version.unwrap_or(list.version.saturating_add(u64::from(is_change)));
        if next < list.version || (is_change && next == list.version) {
            let now = list.version;
            return Err(NodesError(format!("version {next} is not above version {now}")));
        }
        *list = ClusterList { version: next, nodes };
        self.n_sets.fetch_add(1, Relaxed);
        Ok(list.clone())
    }
}

/// `config get cluster`. Nothing else of it can be reached by ElastiCache's clients.
pub(crate) fn config(cx: &mut Cx<'_>, request: &Request<'_>) -> Done {
    let words = Words::of(request.data);
    match (words.get(0), words.n) {
        (b"get", 2) if words.get(1) == CLUSTER => {}
        (b"get", 2) => {
            cx.worker.config_gets.add(1);
            return Ok(reply::END);
        }
        _ => return Err(Error::UnknownCommand),
    }
    tell(cx, b"CONFIG cluster");
    Ok(reply::END)
}

/// Answers a key for which there is no item, if it is that of the list of nodes.
pub(crate) fn tell_in_place_of_item(cx: &mut Cx<'_>, name: &[u8]) {
    if name == KEY {
        tell(cx, b"VALUE AmazonElastiCache:cluster");
    }
}

fn tell(cx: &mut Cx<'_>, head: &[u8]) {
    cx.worker.config_gets.add(1);
    let mut list = cx.server.cluster.list();
    if list.nodes.is_empty() {
        list.nodes.push(this_node(cx));
    }
    let payload = payload(list.version, &list.nodes);
    cx.out.put(head);
    cx.out.put(format!(" 0 {}\r\n", payload.len()).as_bytes());
    cx.out.put(payload.as_bytes());
    cx.out.put(reply::LINE_END);
}

fn payload(version: u64, nodes: &[Node]) -> String {
    let nodes: Vec<String> = nodes.iter().map(Node::to_string).collect();
    format!("{version}\n{}\n", nodes.join(" "))
}

/// This node under the address that the client has reached it by, which is one it can use.
fn this_node(cx: &Cx<'_>) -> Node {
    let local = cx.handle.aside.local().strip_prefix("tcp:").and_then(|it| it.parse().ok());
    let address = local.unwrap_or_else(|| {
        let port = cx.server.settings.port.unwrap_or(crate::DEFAULT_PORT);
        std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port))
    });
    let ip = address.ip().to_canonical();
    Node { host: ip.to_string(), ip: Some(ip), port: address.port() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_read_and_written_alike() {
        for text in ["a.lan|10.0.0.1|11211", "b||1", "::1|::1|65535"] {
            assert_eq!(text.parse::<Node>().map(|it| it.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "a", "a||", "a||0", "a||65536", "||1", "a|b|1", "a b||1", "a||1|", "ä||1"]
        {
            assert!(text.parse::<Node>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_change_and_only_a_change_moves_the_version() {
        let node = |text: &str| text.parse::<Node>().unwrap();
        let cluster = Cluster::new(7, vec![node("a||1")]);
        let version = |nodes, version| cluster.set(nodes, version).map(|it| it.version);
        assert_eq!(version(vec![node("a||1")], None), Ok(7));
        assert_eq!(version(vec![node("b||1")], None), Ok(8));
        assert_eq!(version(vec![node("b||1")], Some(20)), Ok(20));
        assert!(version(vec![node("c||1")], Some(20)).is_err());
        assert!(version(vec![node("b||1")], Some(19)).is_err());
        assert_eq!(cluster.list().version, 20);
    }

    #[test]
    fn a_list_has_a_longest_length() {
        let list = |n: usize| {
            let host = |index: usize| format!("{index:0>100}||11211").parse::<Node>().unwrap();
            checked((0..n).map(host).collect())
        };
        // 107 bytes each with the blank, behind 21 of the version.
        let n_max = (LIST_BYTES_MAX - 21) / 108;
        assert!(list(n_max).is_ok());
        assert!(list(n_max + 1).is_err());
        let nodes = ["b||1", "a||1", "b||1"].map(|it| it.parse::<Node>().unwrap());
        assert_eq!(checked(nodes.to_vec()).unwrap(), [nodes[1].clone(), nodes[0].clone()]);
    }
}
