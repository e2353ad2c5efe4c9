//! The outcomes as a picture: a bar of CPU time per request for each cell and server.

use std::fmt::Write;

use super::contest::Outcome;
use crate::servers::TANDEM;

/// One SVG file: a group of horizontal bars for each cell, each group with its own scale,
/// since pipelining alone changes figures tenfold.
pub(super) fn svg(outcomes: &[Outcome]) -> String {
    let mut body = String::new();
    let mut y = HEAD;
    for outcome in outcomes {
        let _ = writeln!(
            body,
            r#"<text x="{MARGIN}" y="{}" class="cell">{}</text>"#,
            y + LINE - 5,
            escaped(&outcome.cell.name())
        );
        y += LINE;
        let cpu = |index: usize| outcome.servers[index].of(|it| it.cpu_us).median;
        let most = (0..outcome.servers.len()).map(cpu).fold(f64::MIN_POSITIVE, f64::max);
        for (index, samples) in outcome.servers.iter().enumerate() {
            let user_us = samples.of(|it| it.user_us).median;
            body.push_str(&bar(y, &samples.server, [cpu(index), user_us], most));
            y += LINE;
        }
        y += GAP;
    }
    let height = y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" class=\"title\">{TITLE}</text>\n\
         <text x=\"{MARGIN}\" y=\"42\">{SUBTITLE}</text>\n{body}</svg>\n"
    )
}

fn bar(y: u32, server: &str, [cpu_us, user_us]: [f64; 2], most: f64) -> String {
    let class = if server == TANDEM { "ours" } else { "theirs" };
    let width = |us: f64| us / most * f64::from(BAR);
    let (x, top, text_y) = (MARGIN + NAME, y + 2, y + LINE - 6);
    let tall = LINE - 4;
    let server = escaped(server);
    let mut text = format!(r#"<text x="{MARGIN}" y="{text_y}" class="name">{server}</text>"#);
    for (part, us) in [("all", cpu_us), ("user", user_us)] {
        let _ = write!(
            text,
            r#"<rect x="{x}" y="{top}" width="{:.1}" height="{tall}" class="{class} {part}"/>"#,
            width(us)
        );
    }
    let end = f64::from(x) + width(cpu_us) + 6.0;
    let _ = writeln!(text, r#"<text x="{end:.1}" y="{text_y}">{cpu_us:.2} ({user_us:.2})</text>"#);
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const TITLE: &str = "CPU microseconds of the server for each request";
const SUBTITLE: &str = "Medians. The dark part, and the figure in brackets, is user mode. \
    Each group has its own scale.";
const STYLE: &str = "text{font:12px sans-serif;fill:#333}.title{font-size:16px;font-weight:bold}\
    .cell{font-weight:bold}.ours{fill:#c2410c}.theirs{fill:#64748b}.all{opacity:.45}";
const WIDTH: u32 = 900;
const MARGIN: u32 = 16;
const HEAD: u32 = 56;
const LINE: u32 = 20;
const GAP: u32 = 10;
/// Room for the servers' names, and for the bars.
const NAME: u32 = 170;
const BAR: u32 = 560;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share_and_names_are_escaped() {
        let text = bar(0, "a<b", [2.0, 1.0], 4.0);
        assert!(text.contains(r#"width="280.0""#) && text.contains(r#"width="140.0""#), "{text}");
        assert!(text.contains("a&lt;b"));
    }
}
