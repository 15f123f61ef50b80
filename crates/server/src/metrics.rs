//! What the server counts about itself, as Prometheus reads it. No figure of anybody's
//! spend is among it, and no name: whoever reaches the port may read it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::SourceKind;
use store::Accepted;

/// The upper bounds of the classes of durations, in milliseconds.
const CLASSES_MS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 1_000, 5_000, 30_000];

/// Counters, all of them from the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// By method, route and status.
    requests: BTreeMap<(String, String, u16), u64>,
    durations: BTreeMap<String, Durations>,
    /// By source and outcome.
    observations: BTreeMap<(&'static str, &'static str), u64>,
    refused_connections: u64,
}

#[derive(Debug, Default)]
struct Durations {
    /// How many were at most as long as each bound.
    classes: [u64; CLASSES_MS.len()],
    count: u64,
    sum_us: u64,
}

impl Metrics {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut counted = self.counted();
        let key = (method.to_owned(), route.to_owned(), status);
        raise(counted.requests.entry(key).or_default(), 1);
        let durations = counted.durations.entry(route.to_owned()).or_default();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        raise(&mut durations.count, 1);
        raise(&mut durations.sum_us, micros);
        for (bound, class) in CLASSES_MS.iter().zip(&mut durations.classes) {
            if micros <= bound.saturating_mul(1_000) {
                raise(class, 1);
            }
        }
    }

    /// Observations were stored.
    pub(crate) fn accepted(&self, source: SourceKind, accepted: Accepted) {
        let outcomes = [("new", accepted.new), ("corrected", accepted.corrected), ("known", accepted.known)];
        let mut counted = self.counted();
        for (outcome, count) in outcomes {
            raise(counted.observations.entry((source.name(), outcome)).or_default(), count);
        }
    }

    /// A connection failed before a request came about.
    pub(crate) fn connection_failed(&self) {
        raise(&mut self.counted().refused_connections, 1);
    }

    /// As text of the exposition format 0.0.4.
    pub(crate) fn text(&self) -> String {
        let counted = self.counted();
        let mut text = String::new();
        head(&mut text, "bursar_build_info", "gauge", "The program.");
        line(&mut text, "bursar_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        head(&mut text, "bursar_http_requests_total", "counter", "Requests by route and status.");
        for ((method, route, status), count) in &counted.requests {
            let labels = [("method", method.as_str()), ("route", route), ("status", &status.to_string())];
            line(&mut text, "bursar_http_requests_total", &labels, *count);
        }
        let name = "bursar_http_request_duration_seconds";
        head(&mut text, name, "histogram", "How long requests took.");
        for (route, durations) in &counted.durations {
            for (bound, class) in CLASSES_MS.iter().zip(durations.classes) {
                let labels = [("route", route.as_str()), ("le", &seconds(bound.saturating_mul(1_000)))];
                line(&mut text, &format!("{name}_bucket"), &labels, class);
            }
            let labels = [("route", route.as_str()), ("le", "+Inf")];
            line(&mut text, &format!("{name}_bucket"), &labels, durations.count);
            let sum = seconds(durations.sum_us);
            writeln!(text, "{name}_sum{{route=\"{route}\"}} {sum}").ok();
            line(&mut text, &format!("{name}_count"), &[("route", route)], durations.count);
        }
        head(
            &mut text,
            "bursar_observations_total",
            "counter",
            "Observations by source and what became of them.",
        );
        for ((source, outcome), count) in &counted.observations {
            line(&mut text, "bursar_observations_total", &[("source", source), ("outcome", outcome)], *count);
        }
        head(
            &mut text,
            "bursar_failed_connections_total",
            "counter",
            "Connections that failed before a request.",
        );
        line(&mut text, "bursar_failed_connections_total", &[], counted.refused_connections);
        text
    }
}

fn raise(counter: &mut u64, by: u64) {
    *counter = counter.saturating_add(by);
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

// Writing to a string cannot fail: hence the results that nobody looks at.

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n").ok();
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    writeln!(text, "{name}{labels} {value}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::default();
        metrics.answered("GET", "/api/v1/me", 200, Duration::from_millis(7));
        metrics.answered("GET", "/api/v1/me", 401, Duration::from_micros(200));
        metrics.accepted(SourceKind::Log, Accepted { new: 3, corrected: 0, known: 1 });
        let text = metrics.text();
        for expected in [
            "bursar_http_requests_total{method=\"GET\",route=\"/api/v1/me\",status=\"401\"} 1\n",
            "bursar_http_request_duration_seconds_bucket{route=\"/api/v1/me\",le=\"0.005000\"} 1\n",
            "bursar_http_request_duration_seconds_bucket{route=\"/api/v1/me\",le=\"0.010000\"} 2\n",
            "bursar_http_request_duration_seconds_sum{route=\"/api/v1/me\"} 0.007200\n",
            "bursar_observations_total{source=\"log\",outcome=\"new\"} 3\n",
            "bursar_failed_connections_total 0\n",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}
