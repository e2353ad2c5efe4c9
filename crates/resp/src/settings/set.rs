//! CONFIG SET: all pairs or none.

use std::borrow::Cow;

use super::Settings;
use super::refusal::Refusal;
use super::table::{self, PARAMETERS, Parameter, Support, find};
use crate::server::Server;

/// Why CONFIG SET changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetError {
    Unknown(String),
    Failed { name: String, why: Refusal },
}

/// One pair, checked.
struct Change {
    /// As the client spelled it.
    name: String,
    index: usize,
    value: String,
}

impl Server {
    /// Checks every pair, then lets the process act on those it owns, then stores all of them.
    pub(crate) fn set<'a>(
        &self,
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<(), SetError> {
        let settings = &self.settings;
        let changes = settings.check(pairs)?;
        self.act(&changes)?;
        let requires = changes.iter().any(|it| PARAMETERS[it.index].name == "requirepass");
        let mut touched = settings.changed.lock();
        let mut values = settings.values.write();
        for change in changes {
            values[change.index] = change.value;
            touched.insert(change.index);
        }
        drop((touched, values));
        settings.refresh_live();
        settings.apply_to(&self.keyspace);
        self.hear();
        if requires {
            self.require_password(&settings.text("requirepass"));
        }
        Ok(())
    }

    /// Hands the process its settings. When one fails, those before it are put back.
    fn act(&self, changes: &[Change]) -> Result<(), SetError> {
        let old = self.settings.values.read().clone();
        for (done, change) in changes.iter().enumerate() {
            if !matches!(PARAMETERS[change.index].support, Support::Host) {
                continue;
            }
            let apply = |index: usize, value: &str| self.host.apply(PARAMETERS[index].name, value);
            if let Err(why) = apply(change.index, &change.value) {
                for back in &changes[..done] {
                    if matches!(PARAMETERS[back.index].support, Support::Host) {
                        // What was in force a moment ago can be put back; if not, the first
                        // error is the one to tell.
                        let _ = apply(back.index, &old[back.index]);
                    }
                }
                let name = change.name.clone();
                return Err(SetError::Failed { name, why: Refusal::Host(why) });
            }
        }
        Ok(())
    }
}

impl Settings {
    fn check<'a>(
        &self,
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Vec<Change>, SetError> {
        let text = |name| String::from_utf8_lossy(name).into_owned();
        let pairs: Vec<(String, &[u8])> = pairs.map(|(name, value)| (text(name), value)).collect();
        let mut found: Vec<(usize, &str)> = Vec::new();
        // An unknown name is told before anything that is wrong with a known one.
        let mut first_failure = None;
        for (name, _) in &pairs {
            let lower = name.to_ascii_lowercase();
            let index = find(&lower).ok_or_else(|| SetError::Unknown(name.clone()))?;
            let fail = |why| SetError::Failed { name: name.clone(), why };
            if let Some(why) = self.forbids(&PARAMETERS[index]) {
                first_failure.get_or_insert(fail(why));
            }
            // An alias and its name are two names here: the last of them holds.
            if found.iter().any(|(_, other)| other.eq_ignore_ascii_case(name)) {
                first_failure.get_or_insert(fail(Refusal::Duplicate));
            }
            found.push((index, name));
        }
        if let Some(failure) = first_failure {
            return Err(failure);
        }
        let values = self.values.read();
        let change = |((index, name), (_, value)): ((usize, &str), &(String, &[u8]))| {
            let value = PARAMETERS[index].at_runtime(value, &values[index]);
            let name = name.to_string();
            match value {
                Ok(value) => Ok(Change { name, index, value }),
                Err(why) => Err(SetError::Failed { name, why }),
            }
        };
        found.into_iter().zip(&pairs).map(change).collect()
    }

    fn forbids(&self, parameter: &Parameter) -> Option<Refusal> {
        match parameter.change {
            table::Change::Anytime => None,
            table::Change::AtStart => Some(Refusal::Immutable),
            table::Change::Protected if self.text("enable-protected-configs") == "yes" => None,
            table::Change::Protected => Some(Refusal::Protected),
        }
    }
}

impl Parameter {
    fn at_runtime(&self, value: &[u8], current: &str) -> Result<String, Refusal> {
        // What is no text is first of all no number and none of the words.
        let text = String::from_utf8_lossy(value);
        let value = self.kind.canonical(&text, current)?;
        if matches!(text, Cow::Owned(_)) {
            return Err(Refusal::NotUtf8);
        }
        match self.support {
            Support::Only { values, .. } if !values.contains(&value.as_str()) => {
                Err(Refusal::Unsupported(values))
            }
            _ => Ok(value),
        }
    }
}
