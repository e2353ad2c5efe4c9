//! The settings of the process, read from all their sources and checked. What belongs to a front
//! end is kept and checked by that front end; this module brings it there and says where a bad
//! setting stands.

mod layers;
mod redis_conf;

use std::path::{Path, PathBuf};

use tandem_memcached::Passwords;

use crate::cli::{Cli, Command};
use crate::config::layers::{Origin, Setting, Sources};
use crate::passwords::{PasswordFile, SASL_FILE_VARIABLE};
use crate::size;

/// Everything that the server is started with.
pub(crate) struct Config {
    pub(crate) n_threads: usize,
    pub(crate) admin: Admin,
    pub(crate) log: Log,
    pub(crate) resp: tandem_resp::Settings,
    pub(crate) memcached: tandem_memcached::Settings,
    /// What clients of memcached's port have to know, where they have to.
    pub(crate) passwords: Option<(PasswordFile, Passwords)>,
    /// The file that was read, in full.
    pub(crate) file: Option<PathBuf>,
    /// For the log: settings that were accepted and do not do what they say.
    pub(crate) warnings: Vec<String>,
}

/// The HTTP listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin {
    pub(crate) bind: Vec<String>,
    /// 0 is none.
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// The standard error where there is none.
    pub(crate) file: Option<PathBuf>,
    pub(crate) format: LogFormat,
    pub(crate) level: tracing::Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads all sources. All that is wrong is reported, not only the first.
    pub(crate) fn load(cli: &Cli) -> Result<Config, Vec<String>> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Config::load_with(cli, environment)
    }

    /// What would hold, for `check-config`.
    pub(crate) fn report(&self) -> String {
        let file = self.file.as_ref().map_or("none".to_owned(), |it| it.display().to_string());
        let text = |name| self.resp.text(name);
        let memcached = &self.memcached;
        let warnings = self.warnings.iter().map(|it| format!("warning     {it}\n"));
        format!(
            "{}settings    good\nfile        {file}\nthreads     {}\n\
             resp        port {}, bind {}, maxmemory {}, {}\n\
             memcached   port {}, bind {}, maxmemory {}, {} connections\n\
             admin       port {}, bind {}\nlog         {:?}, {}\n",
            warnings.collect::<String>(),
            self.n_threads,
            text("port"),
            text("bind"),
            text("maxmemory"),
            text("maxmemory-policy"),
            memcached.port.unwrap_or(tandem_memcached::DEFAULT_PORT),
            memcached.listen.join(" "),
            memcached.memory_max_bytes,
            memcached.connections_max,
            self.admin.port,
            self.admin.bind.join(" "),
            self.log.format,
            self.log.level,
        )
    }

    fn load_with(cli: &Cli, environment: Vec<(String, String)>) -> Result<Config, Vec<String>> {
        let beside = Path::new(DEFAULT_FILE);
        let file = cli.options.config.clone().or_else(|| beside.exists().then(|| beside.into()));
        let redis_conf = match &cli.options.redis_conf {
            Some(path) => from_redis_conf(path).map_err(|e| vec![e])?,
            None => Vec::new(),
        };
        let command_line = cli.options.given();
        let sources = Sources { file: file.clone(), redis_conf, environment, command_line };
        let settings = layers::merge(&sources).map_err(|e| vec![e])?;
        let mut loader = Loader::new();
        for setting in &settings {
            if let Err(why) = loader.take(setting) {
                let Setting { key, values, origin } = setting;
                loader.errors.push(format!("{origin}: {key} = {}: {why}", values.join(" ")));
            }
        }
        let sasl_file = sources.environment.iter().find(|it| it.0 == SASL_FILE_VARIABLE);
        if loader.memcached.sasl_password_file.is_none() {
            loader.memcached.sasl_password_file = sasl_file.map(|it| it.1.clone());
        }
        if let Some(Command::Memcached { letters }) = &cli.command
            && let Err(error) = loader.memcached.apply_args(letters)
        {
            loader.errors.push(format!("command line: memcached {error}"));
        }
        loader.finish(file)
    }
}

/// Takes settings one by one.
struct Loader {
    n_threads: Option<usize>,
    bind: Option<Vec<String>>,
    memcached_bind: Option<Vec<String>>,
    admin_bind: Option<Vec<String>>,
    admin_port: u16,
    log_format: LogFormat,
    log_level: Option<tracing::Level>,
    resp: tandem_resp::Settings,
    resp_has_bind: bool,
    resp_has_log_level: bool,
    memcached: tandem_memcached::Settings,
    warnings: Vec<String>,
    errors: Vec<String>,
}

impl Loader {
    fn new() -> Loader {
        Loader {
            n_threads: None,
            bind: None,
            memcached_bind: None,
            admin_bind: None,
            admin_port: ADMIN_PORT,
            log_format: LogFormat::Text,
            log_level: None,
            resp: tandem_resp::Settings::default(),
            resp_has_bind: false,
            resp_has_log_level: false,
            memcached: tandem_memcached::Settings::default(),
            warnings: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn take(&mut self, setting: &Setting) -> Result<(), String> {
        let value = setting.values.join(" ");
        match setting.key.split_once('.') {
            Some(("resp", name)) => return self.take_resp(name, &value, &setting.origin),
            Some(("memcached", name)) => return self.take_memcached(name, &value),
            _ => {}
        }
        match setting.key.as_str() {
            "threads" => self.n_threads = threads(&value)?,
            "bind" => self.bind = Some(hosts(&value)),
            "dir" => return self.take_resp("dir", &value, &setting.origin),
            "admin.bind" => self.admin_bind = Some(hosts(&value)),
            "admin.port" => self.admin_port = whole(&value, 0, u16::MAX)?,
            "log.format" => self.log_format = log_format(&value)?,
            "log.level" => self.log_level = Some(log_level(&value)?),
            // Other programs' variables may begin like ours.
            name if matches!(setting.origin, Origin::Environment(_)) => {
                let origin = &setting.origin;
                self.warnings.push(format!("{origin} is ignored: there is no setting '{name}'"));
            }
            _ => return Err("there is no such setting".to_owned()),
        }
        Ok(())
    }

    fn take_resp(&mut self, name: &str, value: &str, origin: &Origin) -> Result<(), String> {
        self.resp_has_bind |= name == "bind";
        self.resp_has_log_level |= name == "loglevel";
        let warning = self.resp.load(name, value)?;
        self.warnings.extend(warning.map(|it| format!("{origin}: {it}")));
        Ok(())
    }

    /// The names are memcached's long options; six more are ours.
    fn take_memcached(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "bind" => self.memcached_bind = Some(hosts(value)),
            "maxmemory" => {
                let bytes = size::parse(value).ok_or("expected a size such as 64mb or 2gb")?;
                self.memcached.memory_max_bytes = bytes;
            }
            "cluster-nodes" => {
                let nodes = value.split_whitespace();
                self.memcached.set_cluster_nodes(nodes).map_err(|e| e.to_string())?;
            }
            "cluster-version" => self.memcached.cluster_version = whole(value, 1, u64::MAX)?,
            "sasl-password-file" => self.memcached.sasl_password_file = Some(value.to_owned()),
            "idle-timeout" => self.memcached.idle_timeout_s = whole(value, 0, u64::MAX)?,
            _ => return self.take_memcached_option(name, value),
        }
        Ok(())
    }

    fn take_memcached_option(&mut self, name: &str, value: &str) -> Result<(), String> {
        let mut letters = tandem_memcached::Settings::letters();
        let row = letters.find(|it| it.1 == name).ok_or("memcached has no such option")?;
        let argument = match (row.2, value) {
            (Some(_), value) => format!("--{name}={value}"),
            (None, "yes") => format!("--{name}"),
            (None, "no") => return Ok(()),
            (None, _) => return Err("expected true or false".to_owned()),
        };
        // Combinations are checked once everything is there.
        let mut changed = self.memcached.clone();
        let applied = changed.apply_args(&[argument]);
        if applied.is_ok() || changed != self.memcached {
            self.memcached = changed;
            return Ok(());
        }
        applied.map_err(|e| e.to_string())
    }

    fn finish(mut self, file: Option<PathBuf>) -> Result<Config, Vec<String>> {
        if let Err(error) = self.memcached.check() {
            self.errors.push(format!("memcached: {error}"));
        }
        if let Some(bind) = &self.bind
            && !self.resp_has_bind
            && let Err(why) = self.resp.load("bind", &bind.join(" "))
        {
            self.errors.push(why);
        }
        let passwords = match PasswordFile::of(&self.memcached) {
            Ok(it) => it,
            Err(why) => {
                self.errors.push(format!("memcached: {why}"));
                None
            }
        };
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let everywhere = || DEFAULT_BIND.map(str::to_owned).to_vec();
        let bind = self.bind.unwrap_or_else(everywhere);
        if self.memcached.listen.is_empty() {
            self.memcached.listen = self.memcached_bind.unwrap_or_else(|| bind.clone());
        }
        let n_threads = self.memcached.n_threads.or(self.n_threads).unwrap_or_else(n_cores);
        self.memcached.n_threads = Some(n_threads);
        let level = match self.log_level {
            Some(level) => level,
            None if self.resp_has_log_level => of_redis(&self.resp.text("loglevel")),
            None if self.memcached.verbosity > 1 => tracing::Level::DEBUG,
            None => tracing::Level::INFO,
        };
        let notes = std::mem::take(&mut self.memcached.notes);
        self.warnings.extend(notes.into_iter().map(|it| format!("memcached {it}")));
        Ok(Config {
            n_threads,
            admin: Admin { bind: self.admin_bind.unwrap_or(bind), port: self.admin_port },
            log: Log { format: self.log_format, level, file: log_file(&self.resp) },
            resp: self.resp,
            memcached: self.memcached,
            passwords,
            file: file.map(|it| it.canonicalize().unwrap_or(it)),
            warnings: self.warnings,
        })
    }
}

/// Lines of a redis.conf as settings; those that add up are one setting.
fn from_redis_conf(path: &Path) -> Result<Vec<Setting>, String> {
    let mut settings: Vec<Setting> = Vec::new();
    for line in redis_conf::read(path)? {
        let origin = Origin::File { path: line.path, line: line.number };
        let Some((name, values)) = line.words.split_first() else { continue };
        let name = name.to_ascii_lowercase();
        if values.is_empty() {
            return Err(format!("{origin}: {name} needs a value"));
        }
        let setting = Setting { key: format!("resp.{name}"), values: values.to_vec(), origin };
        let adds_up = ADD_UP.contains(&name.as_str()) && values != [""];
        match settings.iter_mut().find(|it| it.key == setting.key) {
            Some(earlier) if adds_up && earlier.values != [""] => {
                earlier.values.extend(setting.values);
            }
            Some(earlier) => *earlier = setting,
            None => settings.push(setting),
        }
    }
    Ok(settings)
}

fn log_file(resp: &tandem_resp::Settings) -> Option<PathBuf> {
    Some(PathBuf::from(resp.text("logfile"))).filter(|it| !it.as_os_str().is_empty())
}

fn hosts(value: &str) -> Vec<String> {
    value.split_whitespace().map(str::to_owned).collect()
}

fn threads(value: &str) -> Result<Option<usize>, String> {
    let n = whole(value, 0, THREADS_MAX)?;
    Ok((n > 0).then_some(n))
}

fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn whole<T>(value: &str, min: T, max: T) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let parsed = value.parse::<T>().ok().filter(|it| *it >= min && *it <= max);
    parsed.ok_or_else(|| format!("expected a whole number from {min} to {max}"))
}

fn log_format(value: &str) -> Result<LogFormat, String> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("expected text or json".to_owned()),
    }
}

fn log_level(value: &str) -> Result<tracing::Level, String> {
    value.parse().map_err(|_| "expected error, warn, info, debug or trace".to_owned())
}

/// Redis's `loglevel` in our words.
pub(crate) fn of_redis(level: &str) -> tracing::Level {
    match level {
        "debug" => tracing::Level::TRACE,
        "verbose" => tracing::Level::DEBUG,
        "warning" | "nothing" => tracing::Level::WARN,
        _ => tracing::Level::INFO,
    }
}

/// Read from the working directory when no other is named.
const DEFAULT_FILE: &str = "tandem.toml";

/// The port of the Redis exporter, which dashboards and scrapers know.
const ADMIN_PORT: u16 = 9121;

/// All IPv4 addresses, and all IPv6 ones where there is IPv6: Redis's own default.
const DEFAULT_BIND: [&str; 2] = ["*", "-::*"];

/// More threads than this are a typing error.
const THREADS_MAX: usize = 1024;

/// Directives whose lines add up instead of replacing one another.
const ADD_UP: [&str; 2] = ["save", "client-output-buffer-limit"];

#[cfg(test)]
mod tests;
