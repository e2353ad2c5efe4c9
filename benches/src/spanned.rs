//! Figures of several rounds in one.

/// The middle one of some figures, and the outermost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spanned {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spanned {
    pub(crate) fn of(figures: impl Iterator<Item = f64>) -> Spanned {
        let mut all: Vec<f64> = figures.collect();
        all.sort_by(f64::total_cmp);
        let n = all.len();
        let at = |index: usize| all.get(index).copied().unwrap_or(f64::NAN);
        let median = f64::midpoint(at(n.saturating_sub(1) / 2), at(n / 2));
        Spanned { median, min: at(0), max: at(n.saturating_sub(1)) }
    }
}

/// `{:<24.3}`: with two decimals if it is not said otherwise, padded as a whole.
impl std::fmt::Display for Spanned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spanned { median, min, max } = self;
        let n_decimals = f.precision().unwrap_or(2);
        let text = format!("{median:.n_decimals$} ({min:.n_decimals$}-{max:.n_decimals$})");
        write!(f, "{text:<width$}", width = f.width().unwrap_or(0))
    }
}
