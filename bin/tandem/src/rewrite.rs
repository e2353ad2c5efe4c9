//! CONFIG REWRITE: writes changed settings into the configuration file and leaves the rest as is.

use std::io;
use std::path::Path;

/// Puts the settings into the `[resp]` section of a TOML file. The new text replaces the old one
/// in one step, so that a crash leaves either of them.
pub(crate) fn rewrite(path: &Path, changed: &[(&str, String)]) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let text = changed.iter().fold(text, |text, (name, value)| with(&text, name, value));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// The text with `name = "value"` in its `[resp]` section, in place of an earlier line of that
/// name.
fn with(text: &str, name: &str, value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    let setting = format!("{name} = \"{escaped}\"");
    let mut lines: Vec<&str> = text.lines().collect();
    let is_header = |line: &&str| line.trim_start().starts_with('[');
    let Some(header) = lines.iter().position(|it| it.trim().starts_with("[resp]")) else {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return format!("{text}{gap}\n[resp]\n{setting}\n");
    };
    let n_lines = lines[header + 1..].iter().position(is_header);
    let end = n_lines.map_or(lines.len(), |n| header + 1 + n);
    let is_it =
        |line: &&str| line.split_once('=').is_some_and(|it| it.0.trim().trim_matches('"') == name);
    if let Some(at) = lines[header..end].iter().position(is_it) {
        lines[header + at] = &setting;
    } else {
        // Behind the section's last line that is not blank.
        let last = lines[header..end].iter().rposition(|it| !it.trim().is_empty());
        lines.insert(header + last.unwrap_or(0) + 1, &setting);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_replaces_its_line_and_leaves_the_others() {
        let text = "# mine\nthreads = 2\n\n[resp]\ntimeout = 1 # old\n\n[log]\nlevel = \"info\"\n";
        let once = with(text, "timeout", "30");
        assert_eq!(once, text.replace("timeout = 1 # old", "timeout = \"30\""));
        let twice = with(&once, "requirepass", "a\"b");
        let expected = "timeout = \"30\"\nrequirepass = \"a\\\"b\"\n\n[log]";
        assert!(twice.contains(expected), "{twice}");
    }

    #[test]
    fn a_file_without_the_section_gets_one() {
        assert_eq!(with("threads = 2", "hz", "5"), "threads = 2\n\n[resp]\nhz = \"5\"\n");
    }
}
