//! The few values that connections look at all the time, as plain numbers.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed};

use super::Settings;
use super::kind::output_limits;
use crate::events::Classes;

/// Numbers that follow the settings. Reading one is a relaxed load.
#[derive(Debug, Default)]
pub struct Live {
    clients_max: AtomicU64,
    idle_timeout_s: AtomicU64,
    tcp_keepalive_s: AtomicU64,
    bulk_bytes_max: AtomicU64,
    query_bytes_max: AtomicU64,
    hll_sparse_bytes_max: AtomicU64,
    output_hard_bytes: AtomicU64,
    output_soft_bytes: AtomicU64,
    output_soft_s: AtomicU64,
    news_hard_bytes: AtomicU64,
    news_soft_bytes: AtomicU64,
    news_soft_s: AtomicU64,
    tracked_keys_max: AtomicU64,
    event_classes: AtomicU16,
    latency_tracking: AtomicBool,
    needs_password: AtomicBool,
    protected: AtomicBool,
}

/// When a client that does not read its replies is cut off. Zeroes mean no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// At once.
    pub hard_bytes: u64,
    /// After `soft_s` seconds in a row.
    pub soft_bytes: u64,
    pub soft_s: u64,
}

impl Live {
    /// `maxclients`.
    pub fn clients_max(&self) -> u64 {
        self.clients_max.load(Relaxed)
    }

    /// `timeout` in seconds; 0 is never.
    pub fn idle_timeout_s(&self) -> u64 {
        self.idle_timeout_s.load(Relaxed)
    }

    /// `tcp-keepalive` in seconds; 0 is off.
    pub fn tcp_keepalive_s(&self) -> u64 {
        self.tcp_keepalive_s.load(Relaxed)
    }

    /// `proto-max-bulk-len`.
    pub fn bulk_bytes_max(&self) -> u64 {
        self.bulk_bytes_max.load(Relaxed)
    }

    /// `client-query-buffer-limit`.
    pub fn query_bytes_max(&self) -> u64 {
        self.query_bytes_max.load(Relaxed)
    }

    /// `hll-sparse-max-bytes`.
    pub fn hll_sparse_bytes_max(&self) -> usize {
        self.hll_sparse_bytes_max.load(Relaxed) as usize
    }

    /// `client-output-buffer-limit` of normal clients.
    pub fn output_limit(&self) -> OutputLimit {
        OutputLimit {
            hard_bytes: self.output_hard_bytes.load(Relaxed),
            soft_bytes: self.output_soft_bytes.load(Relaxed),
            soft_s: self.output_soft_s.load(Relaxed),
        }
    }

    /// `client-output-buffer-limit` of subscribed clients.
    pub fn news_limit(&self) -> OutputLimit {
        OutputLimit {
            hard_bytes: self.news_hard_bytes.load(Relaxed),
            soft_bytes: self.news_soft_bytes.load(Relaxed),
            soft_s: self.news_soft_s.load(Relaxed),
        }
    }

    /// `notify-keyspace-events`.
    pub(crate) fn event_classes(&self) -> Classes {
        Classes::of_bits(self.event_classes.load(Relaxed))
    }

    /// `tracking-table-max-keys`; 0 is no limit.
    pub(crate) fn tracked_keys_max(&self) -> usize {
        self.tracked_keys_max.load(Relaxed) as usize
    }

    /// `latency-tracking`: histograms by command are kept.
    pub fn latency_tracking(&self) -> bool {
        self.latency_tracking.load(Relaxed)
    }

    /// The default user is off, or has a password.
    pub fn needs_password(&self) -> bool {
        self.needs_password.load(Relaxed)
    }

    pub(crate) fn set_needs_password(&self, needs_password: bool) {
        self.needs_password.store(needs_password, Relaxed);
    }

    /// `protected-mode` is on.
    pub fn protected(&self) -> bool {
        self.protected.load(Relaxed)
    }

    pub(super) fn refresh(&self, settings: &Settings) {
        let number = |name: &str| settings.integer(name).unsigned_abs();
        self.clients_max.store(number("maxclients"), Relaxed);
        self.idle_timeout_s.store(number("timeout"), Relaxed);
        self.tcp_keepalive_s.store(number("tcp-keepalive"), Relaxed);
        self.bulk_bytes_max.store(number("proto-max-bulk-len"), Relaxed);
        self.query_bytes_max.store(number("client-query-buffer-limit"), Relaxed);
        self.hll_sparse_bytes_max.store(number("hll-sparse-max-bytes"), Relaxed);
        let [limit, _, news] = output_limits(&settings.text("client-output-buffer-limit"));
        self.output_hard_bytes.store(limit.hard_bytes, Relaxed);
        self.output_soft_bytes.store(limit.soft_bytes, Relaxed);
        self.output_soft_s.store(limit.soft_s, Relaxed);
        self.news_hard_bytes.store(news.hard_bytes, Relaxed);
        self.news_soft_bytes.store(news.soft_bytes, Relaxed);
        self.news_soft_s.store(news.soft_s, Relaxed);
        self.tracked_keys_max.store(number("tracking-table-max-keys"), Relaxed);
        let classes = Classes::parse(&settings.text("notify-keyspace-events"));
        self.event_classes.store(classes.bits(), Relaxed);
        self.latency_tracking.store(settings.is_on("latency-tracking"), Relaxed);
        self.protected.store(settings.is_on("protected-mode"), Relaxed);
    }
}
