//! The admin port: metrics for Prometheus, whether the server is well, and what an operator may
//! change.

mod discovery;
mod exposition;
mod memcached;
mod own;
mod rates;
mod redis;
mod snapshot;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::admin::exposition::{Exposition, Row};
use crate::admin::rates::HitRates;
use crate::admin::snapshot::Snapshot;
use crate::clock;
use crate::host::Process;
use crate::process;
use crate::socket::Listener;
use crate::trim::{self, Trimmer};
use crate::worker::Shop;

/// What the admin port looks at.
pub(crate) struct Admin {
    shop: Shop,
    process: Arc<Process>,
    resp_rates: Mutex<HitRates>,
    memcached_rates: Mutex<HitRates>,
    trimmer: Mutex<Trimmer>,
    /// Somebody has read the metrics.
    scraped: Notify,
}

impl Admin {
    pub(crate) fn new(shop: Shop, process: Arc<Process>) -> Admin {
        Admin {
            shop,
            process,
            resp_rates: Mutex::new(HitRates::since(clock::now_ms())),
            memcached_rates: Mutex::new(HitRates::since(clock::now_ms())),
            trimmer: Mutex::default(),
            scraped: Notify::new(),
        }
    }

    /// Takes the samples that rates are made of. Called ten times a second.
    pub(crate) fn sample(&self, now_ms: u64) {
        self.shop.resp.server.tick(now_ms);
        self.resp_rates.lock().sample(now_ms, || {
            let stats = self.shop.resp.server.keyspace.stats();
            (stats.hits, stats.misses)
        });
        self.memcached_rates.lock().sample(now_ms, || {
            let totals = self.shop.memcached.server.totals();
            (totals.get_hits, totals.get_misses)
        });
        if self.trimmer.lock().is_due(now_ms, || self.used_bytes(), process::rss_bytes) {
            trim::in_background();
        }
    }

    /// Has the next scrape find a recent count of memcached's items, in short turns and only where
    /// there are scrapes. The future ends never.
    pub(crate) async fn count_items(&self) {
        loop {
            self.scraped.notified().await;
            while self.shop.memcached.server.count_items(clock::now_ms()) {
                tokio::time::sleep(BETWEEN_COUNTS).await;
            }
        }
    }

    fn used_bytes(&self) -> u64 {
        let keyspaces = [&self.shop.resp.server.keyspace, &self.shop.memcached.server.keyspace];
        keyspaces.iter().map(|it| it.stats().used_bytes).sum()
    }

    /// The whole text of /metrics.
    fn metrics(&self) -> String {
        let snapshot = Snapshot::take(self);
        let mut exposition = Exposition::new();
        for row in TABLES.into_iter().flatten() {
            exposition.add(row, &snapshot);
        }
        self.scraped.notify_one();
        exposition.finish()
    }
}

/// Between two turns of a count of items, each of a fraction of a millisecond: a few hundred
/// thousand items a second are counted.
const BETWEEN_COUNTS: Duration = Duration::from_millis(5);

/// The longest body of a request: twice the longest list of nodes, whose JSON has more signs.
const BODY_BYTES_MAX: usize = 128 << 10;

/// Every metric there is.
const TABLES: [&[Row]; 3] = [own::ROWS, redis::ROWS, memcached::ROWS];

/// Serves the admin port on a listener; the future ends never.
pub(crate) fn serve(
    admin: Arc<Admin>,
    listener: Listener,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let listener = tokio::net::TcpListener::from_std(listener.socket.into())?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/api/memcached/cluster", get(discovery::show).put(discovery::change))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route("/", get(async || "Tandem: /metrics /healthz /readyz /api/memcached/cluster\n"))
        .with_state(admin)
        .into_make_service_with_connect_info::<SocketAddr>();
    Ok(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the admin port has ended");
        }
    })
}

async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    // Adding up takes milliseconds: not on the thread that accepts connections.
    let text = tokio::task::spawn_blocking(move || admin.metrics()).await;
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    match text {
        Ok(text) => (StatusCode::OK, content_type, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, content_type, error.to_string()),
    }
}

async fn readyz(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    if admin.process.stop.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

#[cfg(test)]
pub(crate) mod tests;
