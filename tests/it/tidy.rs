//! What the compiler does not check of the rules in STYLE.md.

use std::path::{Path, PathBuf};
use std::{fs, io};

const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;

/// A source file of ours.
struct Source {
    /// From the workspace's folder, with slashes.
    path: String,
    text: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// What is not tests at the file's foot.
    fn code(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default()
    }
}

/// Collects what is wrong, so that one run tells all of it.
#[derive(Default)]
struct Objections(String);

impl Objections {
    fn add(&mut self, source: &Source, line: usize, what: &str) {
        self.0 += &[source.path.as_str(), ":", &line.to_string(), ": ", what, "\n"].concat();
    }

    fn check(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

#[test]
fn lines_and_files_fit_a_screen() {
    let mut wrong = Objections::default();
    for source in sources(&["rs", "py"]) {
        let lines = source.lines().count();
        if lines >= LINES_MAX {
            wrong.add(&source, lines, "the file is too long: make a folder of it");
        }
        for (number, line) in source.lines() {
            if line.chars().count() > COLUMNS_MAX {
                wrong.add(&source, number, "the line is too long");
            }
        }
    }
    wrong.check();
}

#[test]
fn functions_fit_a_screen() {
    let mut wrong = Objections::default();
    for source in sources(&["rs"]) {
        for (line, length) in functions(&source.text) {
            if length > FUNCTION_LINES_MAX {
                wrong.add(&source, line, &format!("the function has {length} lines"));
            }
        }
    }
    wrong.check();
}

#[test]
fn nothing_is_left_over() {
    let words = ["TO-DO", "FIX-ME", "X-XX", "HA-CK", "d-bg!(", "to-do!(", "unimplem-ented!("];
    let words = words.map(|it| it.replace('-', ""));
    let mut wrong = Objections::default();
    for source in sources(&["rs", "py", "toml", "md", "yaml", "sh"]) {
        for (number, line) in source.lines() {
            for word in words.iter().filter(|word| names_word(line, word)) {
                wrong.add(
                    &source,
                    number,
                    &format!("'{word}' is left over: do it, or open an issue"),
                );
            }
            if is_disabled_code(line) {
                wrong.add(&source, number, "code in a comment: remove it");
            }
        }
    }
    wrong.check();
}

#[test]
fn names_of_tests_are_sentences() {
    let mut wrong = Objections::default();
    for source in sources(&["rs"]) {
        let mut lines = source.lines();
        while let Some((_, line)) = lines.next() {
            if line.trim() != "#[test]" {
                continue;
            }
            let Some((number, line)) = lines.find(|(_, it)| function_name(it).is_some()) else {
                continue;
            };
            let name = function_name(line).unwrap_or_default();
            if name.starts_with("test_") || !name.contains('_') {
                wrong.add(&source, number, &format!("'{name}' says nothing of what holds"));
            }
        }
    }
    wrong.check();
}

/// bin → resp, memcached → engine, and nothing below bin that could block or wait.
#[test]
fn dependencies_point_one_way() {
    let async_and_files = ["tokio", "tokio-util", "config", "metrics-exporter-prometheus", "axum"];
    let ours = ["tandem-resp", "tandem-memcached", "tandem", "tandem-tests", "tandem-benches"];
    for (name, further) in [
        ("engine", &["tandem-engine", "tandem-rdb", "metrics"][..]),
        ("rdb", &["metrics"]),
        ("resp", &[]),
        ("memcached", &["tandem-rdb"]),
    ] {
        let manifest = workspace().join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(manifest).unwrap();
        let has = dependencies(&text);
        assert!(has.len() > 1, "{name}: {has:?}");
        for banned in async_and_files.iter().chain(&ours).chain(further) {
            assert!(!has.contains(banned), "crates/{name} must not depend on {banned}");
        }
    }
}

/// The gate and the dispatcher ask flags of a row. What they know by name would grow with every
/// command.
#[test]
fn no_command_is_named_outside_its_family() {
    let names = include_str!("../data/valkey-commands.txt");
    let names: Vec<&str> = names.lines().filter_map(|it| it.split(' ').nth(1)).collect();
    assert!(names.contains(&"get"));
    let mut wrong = Objections::default();
    for source in sources(&["rs"]) {
        let front = source.path.strip_prefix("crates/resp/src/");
        if front.is_none_or(|it| !PATH_OF_A_COMMAND.contains(&it)) {
            continue;
        }
        for (index, line) in source.code().lines().enumerate() {
            let literals = line.split('"').skip(1).step_by(2).map(str::to_lowercase);
            for word in literals.filter(|it| names.contains(&it.as_str())) {
                wrong.add(&source, index + 1, &format!("names the command {word}"));
            }
        }
    }
    wrong.check();
}

#[test]
fn unsafe_code_lies_in_the_memory_modules() {
    let mut wrong = Objections::default();
    let here = "tests/it/tidy.rs";
    for source in sources(&["rs"]) {
        let is_memory = MEMORY_MODULES.contains(&source.path.as_str()) || source.path == here;
        for (number, line) in source.lines().filter(|_| !is_memory) {
            if line.contains("unsafe_code") || names_word(line, "unsafe {") {
                wrong.add(&source, number, "unsafe code outside the engine's memory modules");
            }
        }
    }
    wrong.check();
}

#[test]
fn the_guards_of_the_invariants_exist() {
    let text = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let table = text.split("| what stays true |").nth(1).unwrap();
    let names =
        table.lines().take_while(|it| it.contains('|')).filter_map(|it| it.rsplit_once(" | "));
    let words = names.flat_map(|(_, guards)| guards.split('`').skip(1).step_by(2));
    let guards: Vec<&str> = words.filter(|it| it.matches('_').count() > 1).collect();
    assert!(guards.len() > 10, "{guards:?}");
    let sources = sources(&["rs"]);
    for guard in guards {
        let signature = format!("fn {guard}() {{");
        assert!(sources.iter().any(|it| it.text.contains(&signature)), "there is no test {guard}");
    }
}

/// Names of the crates in the manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let section = manifest.lines().skip_while(|it| *it != "[dependencies]").skip(1);
    let lines = section.take_while(|it| !it.starts_with('['));
    lines.filter_map(|it| it.split(['.', ' ', '=']).next()).filter(|it| !it.is_empty()).collect()
}

/// The line and the length of each function: from `fn` to the brace that closes it, which rustfmt
/// puts below.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, it)| function_name(it).is_some());
    starts.map(|(start, line)| (start + 1, function_length(&lines[start..], line))).collect()
}

fn function_length(lines: &[&str], first: &str) -> usize {
    let indent = first.len() - first.trim_start().len();
    if first.ends_with(['}', ';']) {
        return 1;
    }
    let is_end = |line: &&str| {
        let is_level = line.len() - line.trim_start().len() == indent && !line.is_empty();
        is_level && (line.trim() == "}" || line.ends_with(['}', ';']))
    };
    lines[1..].iter().position(is_end).map_or(0, |it| it + 2)
}

/// The name, if the line begins a function.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let before = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern", "\"C\""];
    let word = words.find(|it| !before.contains(it))?;
    let name = words.next().filter(|_| word == "fn")?;
    name.split(['(', '<']).next()
}

/// Whether a word stands in a line, not as a part of a longer one.
fn names_word(line: &str, word: &str) -> bool {
    let inside = |it: char| it.is_ascii_alphanumeric() || it == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        !line[..at].ends_with(inside) && (word.ends_with('(') || !after.starts_with(inside))
    })
}

/// Whether a comment ends as only statements do.
fn is_disabled_code(line: &str) -> bool {
    let comment = line.trim().strip_prefix("// ");
    comment.is_some_and(|it| [");", "};", " {", "?;"].iter().any(|end| it.ends_with(end)))
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Our files with these extensions, in the order of their paths.
fn sources(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&workspace(), "", extensions, &mut found).expect("the workspace can be read");
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty());
    found
}

fn collect(
    folder: &Path,
    prefix: &str,
    extensions: &[&str],
    found: &mut Vec<Source>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !FOREIGN_FOLDERS.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), extensions, found)?;
            }
        } else if name.rsplit_once('.').is_some_and(|(_, it)| extensions.contains(&it)) {
            found.push(Source { path, text: fs::read_to_string(entry.path())? });
        }
    }
    Ok(())
}

/// Not written by us.
const FOREIGN_FOLDERS: [&str; 3] = ["target", "corpus", "artifacts"];

/// What may use pointers: see ARCHITECTURE.md.
const MEMORY_MODULES: [&str; 6] = [
    "crates/engine/src/database.rs",
    "crates/engine/src/item.rs",
    "crates/engine/src/memory.rs",
    "crates/engine/src/pool.rs",
    "crates/engine/src/segment.rs",
    "crates/engine/src/simd.rs",
];

/// Files of the RESP front end that every command passes through.
const PATH_OF_A_COMMAND: [&str; 4] = ["batch.rs", "dispatch.rs", "gate.rs", "session.rs"];

#[test]
fn the_tidy_checks_see_what_they_look_for() {
    let text = "    fn short() {}\n    pub(crate) const fn long(\n    ) {\n        a\n    }\n\
                    \x20   fn declared(\n        a: u8,\n    ) -> u8;\nx\n";
    assert_eq!(functions(text), [(1, 1), (2, 4), (6, 3)]);
    assert!(names_word("// TO-DO: x".replace('-', "").as_str(), &"TO-DO".replace('-', "")));
    assert!(names_word("an a b", "a") && !names_word("ab", "a") && !names_word("b_a", "a"));
    assert!(is_disabled_code("    // let x = f(1);") && !is_disabled_code("// A sentence; more."));
    assert_eq!(
        dependencies("[dependencies]\na.workspace = true\nb = 1\n\n[x]\nc = 1\n"),
        ["a", "b"]
    );
}
