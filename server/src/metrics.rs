//! Numbers about a node, for Prometheus: how many, how long, how much waits. Nothing of anybody.
//!
//! Every label has a small fixed set of values: methods, patterns of paths, classes of statuses, names of jobs.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::server::Server;

/// Content type of [`Metrics::write`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds in seconds: from an append on a quick disk to a long poll, and its deadline.
const SECONDS: [f64; 12] = [
    0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 60.0,
];

/// The numbers of a node.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram>,
    job_failures: Family<Job, Counter>,
    waiting: Gauge,
    buckets: Gauge,
    queue: Gauge,
    repeats: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    path: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Job {
    job: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ayumi");
        let requests = Family::<Request, Counter>::default();
        let durations = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let job_failures = Family::<Job, Counter>::default();
        let (waiting, buckets, queue) = (Gauge::default(), Gauge::default(), Gauge::default());
        let repeats = Counter::default();
        registry.register(
            "requests",
            "Requests by method, pattern of the path, and class of the status; 499 counts as 4xx",
            requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from the head of a request to the end of its answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("waiting_polls", "Long polls that wait", waiting.clone());
        registry.register(
            "rate_buckets",
            "Rate buckets and tokens in memory",
            buckets.clone(),
        );
        registry.register("store_queue", "Works that wait for the store", queue.clone());
        registry.register(
            "store_repeats",
            "Transactions that were run again because others came first",
            repeats.clone(),
        );
        registry.register("job_failures", "Runs of jobs that failed", job_failures.clone());
        let build = Build {
            version: env!("CARGO_PKG_VERSION"),
        };
        registry.register("build", "The program", Info::new(build));
        Self {
            registry,
            requests,
            durations,
            job_failures,
            waiting,
            buckets,
            queue,
            repeats,
        }
    }
}

impl Metrics {
    /// A request has ended. `path` is a pattern, never a path.
    pub fn request(&self, method: &'static str, path: &str, status: u16, took: Duration) {
        let status = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        let path = path.to_owned();
        self.durations
            .get_or_create(&Route {
                method,
                path: path.clone(),
            })
            .observe(took.as_secs_f64());
        self.requests
            .get_or_create(&Request { method, path, status })
            .inc();
    }

    /// A run of a job has failed.
    pub fn job_failed(&self, job: &'static str) {
        self.job_failures.get_or_create(&Job { job }).inc();
    }

    /// All numbers as text.
    ///
    /// Errors: none that is known; the format allows for one.
    pub fn write(&self, server: &Server) -> Result<String, fmt::Error> {
        let figures = server.store.figures();
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.set(gauge(server.waiters.count()));
        self.buckets.set(gauge(server.rates.count()));
        self.queue.set(gauge(figures.queue));
        self.repeats.inner().store(figures.repeats, Ordering::Relaxed);
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
