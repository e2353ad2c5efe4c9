//! The settings that CONFIG shows: one table of parameters, one value each. Everything that sets
//! them ends here: configuration files, flags, CONFIG SET.

mod kind;
mod live;
mod refusal;
mod set;
mod table;

use std::collections::BTreeSet;

use parking_lot::{Mutex, RwLock};
use tandem_engine::{
    Keyspace, KeyspaceOptions, Limits, PackedLimits, Policy, SetLimits, StreamLimits,
};

pub use self::live::{Live, OutputLimit};
pub(crate) use self::refusal::Refusal;
pub(crate) use self::set::SetError;
use self::table::{PARAMETERS, Parameter, Support, find};

/// The value of every parameter.
pub struct Settings {
    /// In the order of the table, in the words of CONFIG GET.
    values: RwLock<Vec<String>>,
    live: Live,
    /// Parameters that CONFIG SET has changed since the start: what CONFIG REWRITE writes.
    changed: Mutex<BTreeSet<usize>>,
}

impl Default for Settings {
    fn default() -> Settings {
        let settings = Settings {
            values: RwLock::new(PARAMETERS.iter().map(|it| it.default.to_string()).collect()),
            live: Live::default(),
            changed: Mutex::default(),
        };
        settings.refresh_live();
        settings
    }
}

impl Settings {
    /// Sets a parameter before the server starts. `Ok` may carry a warning for the log; `Err` is
    /// a reason not to start.
    pub fn load(&self, name: &str, value: &str) -> Result<Option<String>, String> {
        let name = name.to_ascii_lowercase();
        if IGNORED.contains(&name.as_str()) {
            return Ok(Some(format!("'{name}' means nothing here and is ignored")));
        }
        if REFUSED.contains(&name.as_str()) {
            return Err(format!("'{name}' is not supported yet"));
        }
        let index = find(&name).ok_or_else(|| format!("there is no setting '{name}'"))?;
        let parameter = &PARAMETERS[index];
        let value = parameter
            .kind
            .canonical(value, &self.values.read()[index])
            .map_err(|it| format!("{name}: {it}"))?;
        let (value, warning) = parameter.at_start(&name, value)?;
        self.values.write()[index] = value;
        self.refresh_live();
        Ok(warning)
    }

    /// The value in the words of CONFIG GET. The name is one of the table's.
    pub fn text(&self, name: &str) -> String {
        self.values.read()[index_of(name)].clone()
    }

    /// The value of an integer, memory, percent or octal parameter.
    pub fn integer(&self, name: &str) -> i64 {
        let index = index_of(name);
        PARAMETERS[index].kind.number(&self.values.read()[index])
    }

    /// The value of a yes-or-no parameter.
    pub fn is_on(&self, name: &str) -> bool {
        self.values.read()[index_of(name)] == "yes"
    }

    /// The values that connections look at all the time.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// True when clients must authenticate.
    pub fn needs_password(&self) -> bool {
        self.live.needs_password()
    }

    /// How to make the keyspace that these settings ask for.
    pub fn keyspace_options(&self) -> KeyspaceOptions {
        KeyspaceOptions {
            n_databases: self.integer("databases") as u32,
            memory_max_bytes: self.integer("maxmemory") as u64,
            policy: self.policy(),
            limits: self.limits(),
            ..KeyspaceOptions::default()
        }
    }

    /// Brings the settings that the engine acts on into force.
    pub(crate) fn apply_to(&self, keyspace: &Keyspace) {
        keyspace.set_policy(self.policy());
        keyspace.set_limits(self.limits());
        keyspace.set_memory_max(self.integer("maxmemory") as u64);
    }

    fn policy(&self) -> Policy {
        match self.text("maxmemory-policy").as_str() {
            "allkeys-lru" => Policy::AllKeysLru,
            _ => Policy::NoEviction,
        }
    }

    fn packed_limits(&self, entries: &str, value: &str) -> PackedLimits {
        PackedLimits {
            entries_max: self.integer(entries) as usize,
            value_max: self.integer(value) as usize,
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            hash: self.packed_limits("hash-max-listpack-entries", "hash-max-listpack-value"),
            list_node_max: self.integer("list-max-listpack-size") as i32,
            set: SetLimits {
                integers_max: self.integer("set-max-intset-entries") as usize,
                entries_max: self.integer("set-max-listpack-entries") as usize,
                value_max: self.integer("set-max-listpack-value") as usize,
            },
            stream: StreamLimits {
                node_bytes_max: narrow(self.integer("stream-node-max-bytes")),
                node_entries_max: narrow(self.integer("stream-node-max-entries")),
            },
            sorted_set: self.packed_limits("zset-max-listpack-entries", "zset-max-listpack-value"),
            string_bytes_max: self.integer("proto-max-bulk-len") as usize,
        }
    }

    fn refresh_live(&self) {
        self.live.refresh(self);
    }

    /// Names and values whose name or alias matches one of the patterns, in the table's order.
    pub(crate) fn matching(&self, patterns: &[&[u8]]) -> Vec<(&'static str, String)> {
        let values = self.values.read();
        let wanted = |name: &str| {
            patterns.iter().any(|pattern| crate::glob::matches_any_case(pattern, name.as_bytes()))
        };
        PARAMETERS
            .iter()
            .zip(values.iter())
            .flat_map(|(parameter, value)| parameter.names().map(move |name| (name, value)))
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name, value.clone()))
            .collect()
    }

    /// What CONFIG SET has changed since the start.
    pub(crate) fn changed(&self) -> Vec<(&'static str, String)> {
        let values = self.values.read();
        self.changed.lock().iter().map(|it| (PARAMETERS[*it].name, values[*it].clone())).collect()
    }
}

impl Parameter {
    /// What a value means before the server starts: the value to keep, and a warning.
    fn at_start(&self, name: &str, value: String) -> Result<(String, Option<String>), String> {
        match self.support {
            Support::Used | Support::Host => Ok((value, None)),
            Support::Kept => {
                let warning = format!("'{name}' has no effect yet");
                Ok((value, Some(warning)))
            }
            Support::Only { values, .. } if values.contains(&value.as_str()) => Ok((value, None)),
            Support::Only { values, or_else } => {
                let instead = or_else.iter().find(|it| value.starts_with(it.prefix));
                let it =
                    instead.ok_or_else(|| format!("{name}: {}", Refusal::Unsupported(values)))?;
                Ok((it.value.to_string(), Some(format!("'{name} {value}': {}", it.effect))))
            }
        }
    }
}

/// Bytes with a unit, as redis.conf has them.
pub(crate) fn memory_bytes(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().and_then(kind::memory)
}

/// A number of which the engine needs to tell no more than that it is very big.
fn narrow(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn index_of(name: &str) -> usize {
    find(name).unwrap_or_else(|| panic!("there is no setting '{name}' in the table"))
}

/// Directives of redis.conf that are no settings: what they do does not exist here yet.
const REFUSED: &[&str] = &["loadmodule", "rename-command", "user"];

/// Directives of Redis, or of its past, that Valkey does not have: files with them are around.
const IGNORED: &[&str] = &[
    "cluster-compatibility-sample-ratio",
    "dynamic-hz",
    "gopher-enabled",
    "io-threads-do-reads",
    "list-max-ziplist-entries",
    "list-max-ziplist-value",
    "lua-enable-deprecated-api",
    "lua-replicate-commands",
    "replica-full-sync-buffer-limit",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of the article that this product was written for.
    #[test]
    fn a_production_redis_conf_loads_with_warnings() {
        let settings = Settings::default();
        let warned = |name: &str, value: &str| settings.load(name, value).unwrap().is_some();
        for (name, value) in [("maxmemory", "10gb"), ("replicaof", "no one")] {
            assert!(!warned(name, value), "{name}");
        }
        for (name, value) in [
            ("maxmemory-policy", "volatile-lru"),
            ("appendonly", "yes"),
            ("appendfsync", "everysec"),
            ("auto-aof-rewrite-percentage", "100"),
            ("auto-aof-rewrite-min-size", "64mb"),
            ("replica-read-only", "yes"),
            ("min-replicas-to-write", "1"),
            ("min-replicas-max-lag", "10"),
            ("save", "900 1 300 10 60 10000"),
            ("dbfilename", "dump.rdb"),
            ("daemonize", "yes"),
            ("dynamic-hz", "yes"),
        ] {
            assert!(warned(name, value), "{name}");
        }
        assert_eq!(settings.integer("maxmemory"), 10 << 30);
        for (name, value) in
            [("maxmemory-policy", "noeviction"), ("appendonly", "no"), ("save", "")]
        {
            assert_eq!(settings.text(name), value, "CONFIG GET says what is in force");
        }
    }

    #[test]
    fn another_policy_for_all_keys_is_taken_for_lru() {
        let settings = Settings::default();
        assert!(settings.load("maxmemory-policy", "allkeys-lfu").unwrap().is_some());
        assert_eq!(settings.text("maxmemory-policy"), "allkeys-lru");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let settings = Settings::default();
        for (name, value, part) in [
            ("nosuch", "1", "no setting"),
            ("cluster-enabled", "yes", "not supported yet"),
            ("replicaof", "10.0.0.1 6379", "not supported yet"),
            ("tls-port", "6380", "not supported yet"),
            ("maxmemory-policy", "no-such-policy", "one of"),
            ("timeout", "soon", "integer"),
            ("rename-command", "GET G", "not supported yet"),
        ] {
            let error = settings.load(name, value).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
