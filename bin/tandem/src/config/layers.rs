//! Puts the sources of settings over one another and keeps, for every setting, where it is from.

use std::fmt;
use std::path::{Path, PathBuf};

use config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use crate::cli::Given;

/// A setting with its key as in the TOML file (`resp.maxmemory`), its words, and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
    pub(crate) origin: Origin,
}

/// Where a setting was read, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File { path: PathBuf, line: usize },
    Environment(String),
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::CommandLine(typed) => write!(f, "command line {typed}"),
        }
    }
}

/// What the settings are read from.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) file: Option<PathBuf>,
    /// Read from a redis.conf, in order; over the file.
    pub(crate) redis_conf: Vec<Setting>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) command_line: Vec<Given>,
}

/// The settings that hold, sorted by key, each once.
pub(crate) fn merge(sources: &Sources) -> Result<Vec<Setting>, String> {
    let mut builder = config::Config::builder();
    let mut text = String::new();
    if let Some(path) = &sources.file {
        text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let layers = [
        Layer(sources.redis_conf.clone()),
        Layer(from_environment(&sources.environment)),
        Layer(from_command_line(&sources.command_line)),
    ];
    let merged = layers
        .iter()
        .fold(builder, |builder, layer| builder.add_source(layer.clone()))
        .build()
        .and_then(|it| it.collect())
        .map_err(|e| in_file(sources.file.as_deref(), &e))?;
    let path = sources.file.clone().unwrap_or_default();
    let mut settings = Vec::new();
    for (name, value) in merged {
        flatten(&name, value, &mut |key, values, source| {
            let origin = origin_of(&layers, source.as_deref(), &key)
                .unwrap_or_else(|| Origin::File { path: path.clone(), line: line_of(&text, &key) });
            settings.push(Setting { key, values, origin });
        })?;
    }
    settings.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(settings)
}

fn in_file(path: Option<&Path>, error: &ConfigError) -> String {
    let at = path.map_or_else(String::new, |it| format!("{}: ", it.display()));
    format!("{at}{error}")
}

/// One source other than the file. Its values carry the layer's mark as their origin.
#[derive(Clone, Debug)]
struct Layer(Vec<Setting>);

/// Tells values of layers from those of the file, which have the crate's own origin.
const LAYER_MARK: &str = "layer";

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut root = Map::new();
        for setting in &self.0 {
            let mark = LAYER_MARK.to_owned();
            let words = setting.values.iter();
            let list = words.map(|it| Value::new(Some(&mark), it.as_str())).collect::<Vec<_>>();
            let value = Value::new(Some(&mark), ValueKind::Array(list));
            let Some((section, name)) = setting.key.split_once('.') else {
                root.insert(setting.key.clone(), value);
                continue;
            };
            let table = root
                .entry(section.to_owned())
                .or_insert_with(|| Value::new(None, ValueKind::Table(Map::new())));
            if let ValueKind::Table(table) = &mut table.kind {
                table.insert(name.to_owned(), value);
            }
        }
        Ok(root)
    }
}

fn origin_of(layers: &[Layer], mark: Option<&str>, key: &str) -> Option<Origin> {
    (mark == Some(LAYER_MARK)).then_some(())?;
    let of_layer = |layer: &Layer| layer.0.iter().rfind(|it| it.key == key).cloned();
    layers.iter().rev().find_map(of_layer).map(|it| it.origin)
}

type Emit<'e> = dyn FnMut(String, Vec<String>, Option<String>) + 'e;

/// Turns a tree of values into keys with dots and lists of words.
fn flatten(key: &str, value: Value, emit: &mut Emit<'_>) -> Result<(), String> {
    let origin = value.origin().map(str::to_owned);
    match value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                flatten(&format!("{key}.{name}"), value, emit)?;
            }
        }
        ValueKind::Array(list) => {
            let words = list.into_iter().map(|it| word(key, it)).collect::<Result<_, _>>()?;
            emit(key.to_owned(), words, origin);
        }
        _ => emit(key.to_owned(), vec![word(key, value)?], origin),
    }
    Ok(())
}

fn word(key: &str, value: Value) -> Result<String, String> {
    match value.kind {
        // Redis's parameters say yes and no where TOML has true and false.
        ValueKind::Boolean(on) => Ok(if on { "yes" } else { "no" }.to_owned()),
        _ => value.into_string().map_err(|_| format!("{key}: expected a word or a list of words")),
    }
}

/// The line in a TOML text where `key` is set, 1 being the first; 0 when it is not found.
fn line_of(text: &str, key: &str) -> usize {
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.split(']').next()) {
            section = format!("{}.", name.trim());
        } else if let Some((name, _)) = line.split_once('=')
            && format!("{section}{}", name.trim().trim_matches('"')) == key
        {
            return index + 1;
        }
    }
    0
}

const SECTIONS: [&str; 4] = ["resp", "memcached", "admin", "log"];
const PREFIX: &str = "TANDEM_";
/// Variables that name files to read; clap takes these.
const FILE_VARIABLES: [&str; 2] = ["TANDEM_CONFIG", "TANDEM_REDIS_CONF"];

/// `TANDEM_RESP_MAXMEMORY_POLICY=x` is `resp.maxmemory-policy`. Kubernetes and Docker links put
/// variables such as `TANDEM_PORT=tcp://10.0.0.1:6379` there; those are no settings of ours.
fn from_environment(variables: &[(String, String)]) -> Vec<Setting> {
    let ours = variables.iter().filter(|(name, value)| {
        name.starts_with(PREFIX)
            && !FILE_VARIABLES.contains(&name.as_str())
            && !is_link(name, value)
    });
    ours.map(|(name, value)| {
        let words = name[PREFIX.len()..].to_ascii_lowercase().replace('_', "-");
        let key = match words.split_once('-') {
            Some((section, rest)) if SECTIONS.contains(&section) => format!("{section}.{rest}"),
            _ => words,
        };
        let values = match key.rsplit('.').next() {
            Some("bind") => value.split([',', ' ']).map(str::to_owned).collect(),
            _ => vec![value.clone()],
        };
        Setting { key, values, origin: Origin::Environment(name.clone()) }
    })
    .collect()
}

fn is_link(name: &str, value: &str) -> bool {
    let is_port = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
    value.starts_with("tcp://")
        || name.contains("_SERVICE_")
        || name.split_once("_PORT_").is_some_and(|it| is_port(it.1))
}

fn from_command_line(given: &[Given]) -> Vec<Setting> {
    let setting = |it: &Given| Setting {
        key: it.key.clone(),
        values: it.values.clone(),
        origin: Origin::CommandLine(it.typed.clone()),
    };
    given.iter().map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tandem.toml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn find<'s>(settings: &'s [Setting], key: &str) -> &'s Setting {
        settings.iter().find(|it| it.key == key).unwrap()
    }

    #[test]
    fn later_sources_win_and_every_value_knows_where_it_is_from() {
        let (_dir, path) = file(
            "threads = 2\n\n[resp]\nport = 1\nmaxmemory = \"1gb\"\n\
             save = [\"900 1\", \"300 10\"]\nappendonly = true\n",
        );
        let sources = Sources {
            file: Some(path.clone()),
            redis_conf: Vec::new(),
            environment: vec![
                ("TANDEM_RESP_PORT".to_owned(), "2".to_owned()),
                ("TANDEM_RESP_MAXMEMORY_POLICY".to_owned(), "allkeys-lru".to_owned()),
                ("HOME".to_owned(), "/root".to_owned()),
            ],
            command_line: vec![Given::new("resp.port", vec!["3".to_owned()], "--resp-port")],
        };
        let settings = merge(&sources).unwrap();
        assert_eq!(find(&settings, "resp.port").values, ["3"]);
        assert_eq!(find(&settings, "resp.port").origin.to_string(), "command line --resp-port");
        let policy = find(&settings, "resp.maxmemory-policy");
        let expected = "environment variable TANDEM_RESP_MAXMEMORY_POLICY";
        assert_eq!(
            (policy.origin.to_string().as_str(), &*policy.values[0]),
            (expected, "allkeys-lru")
        );
        assert_eq!(find(&settings, "threads").origin, Origin::File { path: path.clone(), line: 1 });
        assert_eq!(find(&settings, "resp.maxmemory").origin, Origin::File { path, line: 5 });
        assert_eq!(find(&settings, "resp.save").values, ["900 1", "300 10"]);
        assert_eq!(find(&settings, "resp.appendonly").values, ["yes"]);
        assert_eq!(settings.len(), 6);
    }

    #[test]
    fn the_links_that_kubernetes_puts_into_the_environment_are_no_settings() {
        let links = [
            ("TANDEM_RESP_PORT", "tcp://10.0.0.1:6379"),
            ("TANDEM_RESP_SERVICE_HOST", "10.0.0.1"),
            ("TANDEM_RESP_SERVICE_PORT_METRICS", "9121"),
            ("TANDEM_RESP_PORT_6379_TCP_ADDR", "10.0.0.1"),
        ];
        let variables = links.map(|it| (it.0.to_owned(), it.1.to_owned()));
        assert_eq!(from_environment(&variables), []);
    }

    #[test]
    fn a_file_that_is_no_toml_is_named_with_its_line() {
        let (_dir, path) = file("threads = 2\nresp port\n");
        let sources = Sources { file: Some(path.clone()), ..Sources::default() };
        let message = merge(&sources).unwrap_err();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(message.contains("line 2"), "{message}");
    }
}
