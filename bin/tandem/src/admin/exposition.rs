//! Turns rows of a metrics table into Prometheus's text.
//!
//! Counters and gauges go through the `metrics` facade into a recorder that is made for one
//! scrape: all values are absolute, so there is nothing to remember between scrapes. That crate's
//! counters are whole numbers and its histograms want single samples, so seconds and histograms
//! that are already counted are written here.

use std::fmt::Write;

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::admin::snapshot::Snapshot;

/// A metric: its name, what it is, and how its values are found.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    pub(crate) values: fn(&Snapshot, &mut Values),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Counts events: a whole number that only grows.
    Counter,
    /// A sum that only grows and need not be whole.
    Sum,
    Gauge,
    Histogram,
}

pub(crate) const fn counter(
    name: &'static str,
    help: &'static str,
    values: fn(&Snapshot, &mut Values),
) -> Row {
    Row { name, help, kind: Kind::Counter, values }
}

pub(crate) const fn sum(
    name: &'static str,
    help: &'static str,
    values: fn(&Snapshot, &mut Values),
) -> Row {
    Row { name, help, kind: Kind::Sum, values }
}

pub(crate) const fn gauge(
    name: &'static str,
    help: &'static str,
    values: fn(&Snapshot, &mut Values),
) -> Row {
    Row { name, help, kind: Kind::Gauge, values }
}

pub(crate) const fn histogram(
    name: &'static str,
    help: &'static str,
    values: fn(&Snapshot, &mut Values),
) -> Row {
    Row { name, help, kind: Kind::Histogram, values }
}

/// Where a row puts its values.
#[derive(Default)]
pub(crate) struct Values {
    numbers: Vec<(Vec<Label>, f64)>,
    histograms: Vec<(Vec<Label>, Distribution)>,
}

/// A histogram that is already counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Distribution {
    /// Upper bounds, ascending, each with the count of all values up to it.
    pub(crate) buckets: Vec<(f64, u64)>,
    pub(crate) sum: f64,
}

impl Values {
    pub(crate) fn put(&mut self, value: impl Number) {
        self.put_with(&[], value);
    }

    pub(crate) fn put_with(&mut self, labels: &[(&'static str, &str)], value: impl Number) {
        self.numbers.push((to_labels(labels), value.into_f64()));
    }

    pub(crate) fn put_histogram(
        &mut self,
        labels: &[(&'static str, &str)],
        distribution: Distribution,
    ) {
        self.histograms.push((to_labels(labels), distribution));
    }
}

fn to_labels(labels: &[(&'static str, &str)]) -> Vec<Label> {
    labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect()
}

/// What a value may be given as.
pub(crate) trait Number {
    fn into_f64(self) -> f64;
}

impl Number for u64 {
    fn into_f64(self) -> f64 {
        self as f64
    }
}

impl Number for usize {
    fn into_f64(self) -> f64 {
        self as f64
    }
}

impl Number for f64 {
    fn into_f64(self) -> f64 {
        self
    }
}

/// The text of one scrape in the making.
pub(crate) struct Exposition {
    recorder: PrometheusRecorder,
    text: String,
}

impl Exposition {
    pub(crate) fn new() -> Exposition {
        let recorder = PrometheusBuilder::new().build_recorder();
        Exposition { recorder, text: String::new() }
    }

    pub(crate) fn add(&mut self, row: &Row, snapshot: &Snapshot) {
        let mut values = Values::default();
        (row.values)(snapshot, &mut values);
        match row.kind {
            Kind::Counter => self.add_counters(row, values),
            Kind::Gauge => self.add_gauges(row, values),
            // Writing to a string cannot fail.
            Kind::Sum => drop(self.write_sums(row, &values)),
            Kind::Histogram => drop(self.write_histograms(row, &values)),
        }
    }

    pub(crate) fn finish(self) -> String {
        let mut text = self.recorder.handle().render();
        text.push_str(&self.text);
        text
    }

    fn add_counters(&mut self, row: &Row, values: Values) {
        let name = KeyName::from_const_str(row.name);
        self.recorder.describe_counter(name, None, row.help.into());
        for (labels, value) in values.numbers {
            let key = Key::from_parts(row.name, labels);
            self.recorder.register_counter(&key, &METADATA).absolute(value as u64);
        }
    }

    fn add_gauges(&mut self, row: &Row, values: Values) {
        let name = KeyName::from_const_str(row.name);
        self.recorder.describe_gauge(name, None, row.help.into());
        for (labels, value) in values.numbers {
            let key = Key::from_parts(row.name, labels);
            self.recorder.register_gauge(&key, &METADATA).set(value);
        }
    }

    fn write_sums(&mut self, row: &Row, values: &Values) -> std::fmt::Result {
        if values.numbers.is_empty() {
            return Ok(());
        }
        self.write_head(row, "counter")?;
        for (labels, value) in &values.numbers {
            writeln!(self.text, "{}{} {value}", row.name, Braced(labels, None))?;
        }
        writeln!(self.text)
    }

    fn write_histograms(&mut self, row: &Row, values: &Values) -> std::fmt::Result {
        if values.histograms.is_empty() {
            return Ok(());
        }
        self.write_head(row, "histogram")?;
        let name = row.name;
        for (labels, it) in &values.histograms {
            for (bound, count) in &it.buckets {
                writeln!(self.text, "{name}_bucket{} {count}", Braced(labels, Some(*bound)))?;
            }
            let count = it.buckets.last().map_or(0, |it| it.1);
            let all = Braced(labels, Some(f64::INFINITY));
            writeln!(self.text, "{name}_bucket{all} {count}")?;
            let plain = Braced(labels, None);
            writeln!(self.text, "{name}_sum{plain} {}\n{name}_count{plain} {count}", it.sum)?;
        }
        writeln!(self.text)
    }

    fn write_head(&mut self, row: &Row, kind: &str) -> std::fmt::Result {
        writeln!(self.text, "# HELP {} {}\n# TYPE {} {kind}", row.name, row.help, row.name)
    }
}

/// Labels as `{name="value"}`, with a bucket's bound as `le`.
struct Braced<'a>(&'a [Label], Option<f64>);

impl std::fmt::Display for Braced<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() && self.1.is_none() {
            return Ok(());
        }
        f.write_char('{')?;
        for (index, label) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let value = label.value().replace('\\', "\\\\").replace('"', "\\\"");
            write!(f, "{comma}{}=\"{}\"", label.key(), value.replace('\n', "\\n"))?;
        }
        let comma = if self.0.is_empty() { "" } else { "," };
        match self.1 {
            Some(bound) if bound.is_infinite() => write!(f, "{comma}le=\"+Inf\"")?,
            Some(bound) => write!(f, "{comma}le=\"{bound}\"")?,
            None => {}
        }
        f.write_char('}')
    }
}

/// The facade wants to know where a metric comes from; the recorder does not look at it.
const METADATA: Metadata<'static> = Metadata::new("tandem", Level::INFO, None);
