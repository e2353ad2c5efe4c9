//! What deny.toml says of the dependencies, checked without cargo-deny: building that takes longer
//! than all else here. Where it is installed it checks as well, and knows more.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, is_installed, metadata, output_of, workspace};

/// Checks licences and sources of all that is linked or used in tests.
pub(crate) fn check() -> Result<String> {
    let policy = Policy::read()?;
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let wrong: Vec<String> = packages.iter().filter_map(|it| policy.objection(it)).collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let mut note = format!("{} packages", packages.len());
    if is_installed("cargo-deny") {
        let what = ["deny", "--all-features", "check", "licenses", "bans", "sources"];
        output_of(&mut cargo(&what))?;
        note += ", cargo-deny agrees";
    }
    Ok(note)
}

struct Policy {
    licences: BTreeSet<String>,
    registries: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Policy {
    fn read() -> Result<Policy> {
        let text = std::fs::read_to_string(workspace().join("deny.toml"))?;
        let table: toml::Table = text.parse()?;
        let list = |section: &str, name: &str| {
            let items = table.get(section)?.get(name)?.as_array()?;
            let name_of = |it: &toml::Value| {
                let name = it.as_str().or_else(|| it.get("crate")?.as_str());
                name.map(str::to_owned)
            };
            items.iter().map(name_of).collect::<Option<BTreeSet<String>>>()
        };
        let missing = "deny.toml lacks licenses.allow, sources.allow-registry or bans.deny";
        Ok(Policy {
            licences: list("licenses", "allow").context(missing)?,
            registries: list("sources", "allow-registry").context(missing)?,
            banned: list("bans", "deny").context(missing)?,
        })
    }

    fn objection(&self, package: &Value) -> Option<String> {
        let name = package["name"].as_str()?;
        // What is ours has no source.
        let source = package["source"].as_str()?;
        if !self.registries.iter().any(|it| source.ends_with(it.as_str())) {
            return Some(format!("{name} comes from {source}"));
        }
        if self.banned.contains(name) {
            return Some(format!("{name} is banned in deny.toml"));
        }
        let licence = package["license"].as_str().unwrap_or("no licence");
        (!self.allows(licence)).then(|| format!("{name} has the licence {licence}"))
    }

    /// Whether an SPDX expression can be met with the allowed licences.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut parser = Expression { words: &words, policy: self };
        parser.any_of() && parser.words.is_empty()
    }
}

/// The rest of an SPDX expression.
struct Expression<'a> {
    words: &'a [&'a str],
    policy: &'a Policy,
}

impl Expression<'_> {
    fn any_of(&mut self) -> bool {
        let mut met = self.all_of();
        while self.takes("OR") {
            met |= self.all_of();
        }
        met
    }

    fn all_of(&mut self) -> bool {
        let mut met = self.one();
        while self.takes("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.takes("(") {
            let met = self.any_of();
            return self.takes(")") && met;
        }
        let Some((&name, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        let mut name = name.to_owned();
        if self.takes("WITH")
            && let Some((exception, rest)) = self.words.split_first()
        {
            name = format!("{name} WITH {exception}");
            self.words = rest;
        }
        self.policy.licences.contains(&name)
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        self.words = &self.words[usize::from(found)..];
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let set = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect();
        Policy {
            licences: set(&["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]),
            registries: set(&["https://github.com/rust-lang/crates.io-index"]),
            banned: set(&["openssl"]),
        }
    }

    #[test]
    fn expressions_are_met_or_not() {
        let allowed = |it| policy().allows(it);
        assert!(allowed("MIT"));
        assert!(allowed("MIT/GPL-3.0"));
        assert!(allowed("GPL-3.0 OR (MIT AND Apache-2.0)"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(!allowed("MIT AND GPL-3.0"));
        assert!(!allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!allowed("MIT WITH something"));
        assert!(!allowed("(MIT"));
        assert!(!allowed(""));
    }

    #[test]
    fn a_package_is_judged_by_source_name_and_licence() {
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        let package = |name: &str, source: Option<&str>, licence: Option<&str>| {
            let mut package = serde_json::json!({ "name": name, "source": source });
            package["license"] = licence.into();
            package
        };
        let objection = |it: Value| policy().objection(&it);
        assert_eq!(objection(package("bytes", Some(registry), Some("MIT"))), None);
        assert_eq!(objection(package("ours", None, None)), None);
        let git = Some("git+https://example.org/x");
        assert!(objection(package("bytes", git, Some("MIT"))).is_some());
        assert!(objection(package("openssl", Some(registry), Some("MIT"))).is_some());
        assert!(objection(package("bytes", Some(registry), None)).is_some());
    }
}
