//! The list of memcached nodes that clients discover, read and changed over HTTP.
//!
//! Nobody has to say who he is here. So changes are taken from this machine alone, and not from a
//! page in an operator's browser: a browser names the page's origin in every such request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tandem_memcached::ClusterList;

use crate::admin::Admin;

/// The list as JSON.
#[derive(Serialize)]
struct Shown {
    version: u64,
    nodes: Vec<Node>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    host: String,
    #[serde(default)]
    ip: Option<IpAddr>,
    port: u16,
}

/// What an operator wants it to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    nodes: Vec<Node>,
    /// One more than before where it is not given.
    version: Option<u64>,
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

pub(crate) async fn show(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    Json(shown(admin.shop.memcached.server.cluster.list()))
}

pub(crate) async fn change(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    if let Err(why) = may_change(peer.ip(), &headers) {
        return refused(StatusCode::FORBIDDEN, why);
    }
    let Wanted { nodes, version } = match wanted {
        Ok(Json(wanted)) => wanted,
        Err(error) => return refused(error.status(), &error.body_text()),
    };
    // Written out and read again: the rules for nodes are the front end's.
    let nodes: Result<Vec<_>, _> = nodes.into_iter().map(|it| it.as_text().parse()).collect();
    let cluster = &admin.shop.memcached.server.cluster;
    match nodes.and_then(|nodes| cluster.set(nodes, version)) {
        Ok(list) => {
            tracing::info!(version = list.version, nodes = list.nodes.len(), "cluster list set");
            Json(shown(list)).into_response()
        }
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    }
}

fn may_change(peer: IpAddr, headers: &HeaderMap) -> Result<(), &'static str> {
    if !peer.to_canonical().is_loopback() {
        return Err("not from another machine");
    }
    if headers.contains_key(header::ORIGIN) {
        return Err("not from a browser's page");
    }
    Ok(())
}

fn shown(list: ClusterList) -> Shown {
    let nodes = list.nodes.into_iter();
    let nodes = nodes.map(|it| Node { host: it.host, ip: it.ip, port: it.port });
    Shown { version: list.version, nodes: nodes.collect() }
}

impl Node {
    fn as_text(&self) -> String {
        let Node { host, ip, port } = self;
        format!("{host}|{}|{port}", ip.map_or_else(String::new, |it| it.to_string()))
    }
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(Refused { error: why.to_owned() })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_from_programs_on_this_machine() {
        let plain = HeaderMap::new();
        let from_page = HeaderMap::from_iter([(header::ORIGIN, "null".parse().unwrap())]);
        let may = |peer: &str, headers| may_change(peer.parse().unwrap(), headers).is_ok();
        assert!(may("127.0.0.1", &plain) && may("::1", &plain) && may("::ffff:127.0.0.1", &plain));
        assert!(!may("10.0.0.7", &plain) && !may("::ffff:10.0.0.7", &plain));
        assert!(!may("127.0.0.1", &from_page));
    }
}
