//! The bar that shows how far a bench is.

use indicatif::{ProgressBar, ProgressStyle};

use crate::load::Observer;

/// Shows the replies so far while a load runs.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn counting(what: &str, n_all: Option<u64>) -> Bar {
        let bar = n_all.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let template = match n_all {
            Some(_) => "{msg:10} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
            None => "{msg:10} {spinner} {human_pos} {per_sec} {elapsed}",
        };
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        Bar(bar.with_style(style).with_message(what.to_owned()))
    }
}

impl Bar {
    /// For work in steps of about the same length.
    pub(crate) fn steps(n_steps: u64) -> Bar {
        let style = ProgressStyle::with_template("{msg:50} {wide_bar} {pos}/{len} {eta}")
            .expect("the template is well-formed");
        Bar(ProgressBar::new(n_steps).with_style(style))
    }

    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    pub(crate) fn at(&self, n_steps: u64) {
        self.0.set_position(n_steps);
    }

    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// Prints a line above the bar.
    pub(crate) fn note(&self, line: &str) {
        self.0.suspend(|| println!("{line}"));
    }
}

impl Observer for Bar {
    fn progress(&mut self, n_replies: u64) {
        self.0.set_position(n_replies);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
