//! The settings of this front end: memcached's command-line letters and their defaults.

use tandem_engine::{KeyspaceOptions, Limits, Policy};

use crate::classes::{Cas, item_bytes};
use crate::discovery::{self, Node, NodesError};
use crate::settings::letters::LETTERS;
use crate::survey::Tuning;

mod extended;
mod letters;

/// Longest key in bytes.
pub const KEY_BYTES_MAX: usize = 250;

/// Everything that memcached's command line can set and that has a meaning here. What only the
/// process needs (ports, addresses) is kept for the binary.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each mirrors a switch of the command line")]
pub struct Settings {
    /// `-m`, given in megabytes.
    pub memory_max_bytes: u64,
    /// `-c`
    pub connections_max: usize,
    /// `-t`; `None` leaves it to the server's own default.
    pub n_threads: Option<usize>,
    /// `-I`: most bytes of an item with memcached's own header.
    pub item_bytes_max: usize,
    /// Off by `-M`: then a store that does not fit is refused.
    pub evictions: bool,
    /// Off by `-C`
    pub cas: bool,
    /// Off by `-F`
    pub flush: bool,
    /// Off by `-X`
    pub dump: bool,
    /// Off by `-W`
    pub watch: bool,
    /// On by `-A`
    pub shutdown: bool,
    /// `-D`: where the prefix of a key ends in `stats detail`.
    pub prefix_delimiter: u8,
    /// Whether `stats detail` counts from the start (`-D` turns it on).
    pub detail: bool,
    /// `-R`: commands of one connection before others have their turn.
    pub requests_per_event: usize,
    /// `-v`, once for each.
    pub verbosity: u32,
    /// `-f`, which shapes the classes that `stats` shows.
    pub growth_factor: f64,
    /// `-n`, which shapes the classes that `stats` shows.
    pub chunk_bytes: usize,
    /// `-b`
    pub backlog: u32,
    /// `-o idle_timeout=`; 0 for none.
    pub idle_timeout_s: u64,
    /// `-o track_sizes`: `stats sizes` counts items by size.
    pub track_sizes: bool,
    /// Off by `-o no_lru_crawler`: expired items are removed only when somebody asks for them.
    pub crawler: bool,
    /// `-o lru_crawler_sleep=`, told by `stats settings` and otherwise without meaning here.
    pub crawler_sleep_us: u32,
    /// `-o lru_crawler_tocrawl=`: items that one `lru_crawler crawl` looks at; 0 for all.
    pub n_to_crawl: u32,
    /// Off by `-o no_lru_maintainer`: `lru mode` and `lru temp_ttl` are then refused.
    pub lru_maintainer: bool,
    /// `-o hot_lru_pct=` and the like: how `stats items` sorts items by use.
    pub(crate) tuning: Tuning,
    /// What was accepted and has no meaning here, in sentences for the log.
    pub notes: Vec<String>,
    /// `-p`
    pub port: Option<u16>,
    /// `-U`; 0 is none.
    pub udp_port: u16,
    /// `-l`
    pub listen: Vec<String>,
    /// `-s`
    pub unix_socket: Option<String>,
    /// `-a`
    pub unix_mask: u32,
    /// `-P`
    pub pid_file: Option<String>,
    /// What `config get cluster` tells, in order; empty is this node alone.
    pub cluster_nodes: Vec<Node>,
    /// The version of that list at the start.
    pub cluster_version: u64,
    /// `-B`
    pub protocol: Protocol,
    /// `-S`: clients of the binary protocol, which is then the only one, have to say who they are.
    pub sasl: bool,
    /// Names and passwords for `-S`. memcached leaves this to its SASL library.
    pub sasl_password_file: Option<String>,
    /// `-Y`: names and passwords for clients of the text protocol, which is then the only one.
    pub auth_file: Option<String>,
}

/// What connections may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// What the first byte of each tells.
    #[default]
    Auto,
    Ascii,
    Binary,
}

impl Protocol {
    /// As `stats settings` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Auto => "auto-negotiate",
            Protocol::Ascii => "ascii",
            Protocol::Binary => "binary",
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            memory_max_bytes: 64 << 20,
            connections_max: 1024,
            n_threads: None,
            item_bytes_max: 1 << 20,
            evictions: true,
            cas: true,
            flush: true,
            dump: true,
            watch: true,
            shutdown: false,
            prefix_delimiter: b':',
            detail: false,
            requests_per_event: 20,
            verbosity: 0,
            growth_factor: 1.25,
            chunk_bytes: 48,
            backlog: 1024,
            idle_timeout_s: 0,
            track_sizes: false,
            crawler: true,
            crawler_sleep_us: 100,
            n_to_crawl: 0,
            lru_maintainer: true,
            tuning: Tuning::default(),
            notes: Vec::new(),
            port: None,
            udp_port: 0,
            listen: Vec::new(),
            unix_socket: None,
            unix_mask: 0o700,
            pid_file: None,
            cluster_nodes: Vec::new(),
            cluster_version: 1,
            protocol: Protocol::Auto,
            sasl: false,
            sasl_password_file: None,
            auth_file: None,
        }
    }
}

/// Why a command line was refused, in a sentence for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(String);

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads memcached's command line, without the program's name.
    pub fn from_args(args: &[String]) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        settings.apply_args(args)?;
        Ok(settings)
    }

    /// Reads memcached's command line over the settings as they are.
    pub fn apply_args(&mut self, args: &[String]) -> Result<(), SettingsError> {
        letters::apply(self, args)?;
        self.check()
    }

    /// Keeps a sentence for the log, once.
    pub(crate) fn note(&mut self, words: String) {
        if !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }

    /// Refuses combinations that memcached refuses.
    pub fn check(&self) -> Result<(), SettingsError> {
        let half = self.memory_max_bytes / 2;
        if self.memory_max_bytes > 0 && self.item_bytes_max as u64 > half {
            return Err(SettingsError(format!(
                "-I {} is more than half of the memory limit -m ({half} bytes)",
                self.item_bytes_max
            )));
        }
        if self.tuning.has_temp && !self.lru_maintainer {
            return Err(SettingsError("temporary_ttl needs the lru_maintainer".into()));
        }
        if self.sasl && self.protocol != Protocol::Binary {
            return Err(SettingsError("-S goes with the binary protocol alone".into()));
        }
        if self.udp_port != 0 && (self.sasl || self.auth_file.is_some()) {
            return Err(SettingsError("-U does not go with names and passwords (-S, -Y)".into()));
        }
        if self.auth_file.is_some() && self.protocol != Protocol::Ascii {
            return Err(SettingsError("-Y goes with the ascii protocol alone".into()));
        }
        Ok(())
    }

    /// Sets what `config get cluster` tells, each node as `host|ip|port`.
    pub fn set_cluster_nodes<'a>(
        &mut self,
        nodes: impl Iterator<Item = &'a str>,
    ) -> Result<(), NodesError> {
        let nodes = nodes.map(str::parse).collect::<Result<Vec<Node>, _>>()?;
        self.cluster_nodes = discovery::checked(nodes)?;
        Ok(())
    }

    /// The keyspace that these settings ask for.
    pub fn keyspace_options(&self) -> KeyspaceOptions {
        KeyspaceOptions {
            n_databases: 1,
            memory_max_bytes: self.memory_max_bytes,
            policy: if self.evictions { Policy::AllKeysLru } else { Policy::NoEviction },
            limits: Limits { string_bytes_max: self.item_bytes_max, ..Limits::default() },
            ..KeyspaceOptions::default()
        }
    }

    /// The letters that are understood, for `--help`: letter, long name, argument, meaning.
    pub fn letters()
    -> impl Iterator<Item = (char, &'static str, Option<&'static str>, &'static str)> {
        LETTERS.iter().map(|it| (it.short as char, it.long, it.argument, it.meaning))
    }

    /// True when memcached would hold such an item: what it keeps beside key and value counts
    /// against `-I`, whatever an item costs here.
    pub(crate) fn item_fits(
        &self,
        key_bytes: usize,
        client_flags: u32,
        value_bytes: usize,
    ) -> bool {
        let cas = if self.cas { Cas::Kept } else { Cas::Off };
        item_bytes(key_bytes, client_flags, value_bytes, cas) <= self.item_bytes_max
    }
}
