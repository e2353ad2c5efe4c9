//! The command line. Every option that is also a setting carries that setting's key, so that the
//! file, the environment and the command line cannot come to mean different things.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const AFTER_HELP: &str = "\
Settings come from four places, each over the one before: built-in defaults, the TOML file, the
environment, the command line. A key `resp.maxmemory` of the file is TANDEM_RESP_MAXMEMORY in the
environment. The [resp] section takes every CONFIG parameter of Redis by its own name.

Examples:
  tandem                                        both ports, no limits but memcached's 64 MB
  tandem --resp-maxmemory 10gb --resp-policy allkeys-lru
  tandem --redis-conf /etc/redis/redis.conf     with an existing Redis configuration
  tandem memcached -- -m 1024 -c 4096 -I 4m     with memcached's own letters
  tandem check-config --config tandem.toml      says what is wrong, or what would hold";

/// One cache server for Redis, Valkey and memcached clients.
#[derive(Debug, Parser)]
#[command(name = "tandem", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// TOML file with settings [default: ./tandem.toml where there is one]
    #[arg(long, short, value_name = "FILE", env = "TANDEM_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// redis.conf whose lines are taken over (include and quoting work)
    #[arg(long, value_name = "FILE", env = "TANDEM_REDIS_CONF", global = true)]
    pub(crate) redis_conf: Option<PathBuf>,
    /// Addresses to listen on, for all ports, with commas; "-" before one makes it optional
    /// [default: *,-::*]
    #[arg(long, value_name = "ADDR", value_delimiter = ',', global = true)]
    #[arg(allow_hyphen_values = true)]
    pub(crate) bind: Vec<String>,
    /// Worker threads; 0 is one per core [default: 0]
    #[arg(long, value_name = "N", global = true)]
    pub(crate) threads: Option<String>,
    /// Port for Redis and Valkey clients; 0 switches it off [default: 6379]
    #[arg(long, value_name = "PORT", global = true)]
    pub(crate) resp_port: Option<String>,
    /// Port for memcached clients; 0 switches it off [default: 11211]
    #[arg(long, value_name = "PORT", global = true)]
    pub(crate) memcached_port: Option<String>,
    /// HTTP port for /metrics, /healthz and /readyz; 0 switches it off [default: 9121]
    #[arg(long, value_name = "PORT", global = true)]
    pub(crate) admin_port: Option<String>,
    /// Working directory for files the server writes [default: .]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) dir: Option<String>,
    /// Memory for RESP data, such as 512mb or 10gb; 0 is no limit [default: 0]
    #[arg(long, value_name = "SIZE", global = true)]
    pub(crate) resp_maxmemory: Option<String>,
    /// Memory for memcached data [default: 64mb]
    #[arg(long, value_name = "SIZE", global = true)]
    pub(crate) memcached_maxmemory: Option<String>,
    /// What RESP does when its memory is full, such as allkeys-lru [default: noeviction]
    #[arg(long, value_name = "POLICY", global = true)]
    pub(crate) resp_policy: Option<String>,
    /// Shape of the log lines: text or json [default: text]
    #[arg(long, value_name = "FORMAT", global = true)]
    pub(crate) log_format: Option<String>,
    /// Least level that is logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL", global = true)]
    pub(crate) log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server with memcached's option letters after `--`
    Memcached {
        /// For instance: -m 1024 -c 4096 -t 4 -I 4m -p 11211 -l 0.0.0.0
        #[arg(last = true, allow_hyphen_values = true)]
        letters: Vec<String>,
    },
    /// Reads all settings, reports what is wrong with them, and starts nothing
    CheckConfig,
}

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// Its key in the TOML file.
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
    /// What the user typed, for messages.
    pub(crate) typed: String,
}

impl Given {
    pub(crate) fn new(key: &str, values: Vec<String>, typed: &str) -> Given {
        Given { key: key.to_owned(), values, typed: typed.to_owned() }
    }
}

impl Options {
    /// The options that are settings, in no particular order.
    pub(crate) fn given(&self) -> Vec<Given> {
        let single = [
            ("threads", "--threads", &self.threads),
            ("resp.port", "--resp-port", &self.resp_port),
            ("memcached.port", "--memcached-port", &self.memcached_port),
            ("admin.port", "--admin-port", &self.admin_port),
            ("dir", "--dir", &self.dir),
            ("resp.maxmemory", "--resp-maxmemory", &self.resp_maxmemory),
            ("memcached.maxmemory", "--memcached-maxmemory", &self.memcached_maxmemory),
            ("resp.maxmemory-policy", "--resp-policy", &self.resp_policy),
            ("log.format", "--log-format", &self.log_format),
            ("log.level", "--log-level", &self.log_level),
        ];
        let mut all: Vec<Given> = single
            .into_iter()
            .filter_map(|(key, typed, value)| Some(Given::new(key, vec![value.clone()?], typed)))
            .collect();
        if !self.bind.is_empty() {
            all.push(Given::new("bind", self.bind.clone(), "--bind"));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_turn_into_settings_with_the_keys_of_the_file() {
        let line = "tandem --bind 127.0.0.1,-::1 --resp-port 7000";
        let cli = Cli::parse_from(line.split(' '));
        let given = cli.options.given();
        let expected = [
            Given::new("resp.port", vec!["7000".to_owned()], "--resp-port"),
            Given::new("bind", vec!["127.0.0.1".to_owned(), "-::1".to_owned()], "--bind"),
        ];
        assert_eq!(given, expected);
    }

    #[test]
    fn memcached_letters_are_passed_on_untouched() {
        let cli = Cli::parse_from(["tandem", "memcached", "--", "-m", "64", "-vv"]);
        let Some(Command::Memcached { letters }) = cli.command else { panic!("{cli:?}") };
        assert_eq!(letters, ["-m", "64", "-vv"]);
    }
}
