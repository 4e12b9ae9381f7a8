//! How often and how fast each route answers.
//!
//! Finding a counter by its name and labels costs more than counting: the handles are kept. There
//! are as many as routes, methods and statuses that were ever answered, all of them our own.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The numbers of all routes.
#[derive(Default)]
pub(super) struct Measures(RwLock<BTreeMap<(u16, &'static str, &'static str), Measure>>);

#[derive(Clone)]
struct Measure {
    requests: Counter,
    seconds: Histogram,
}

impl Measures {
    /// Counts one answer.
    pub(super) fn count(&self, route: &'static str, method: &'static str, status: StatusCode, took: Duration) {
        let key = (status.as_u16(), method, route);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let measure = known.unwrap_or_else(|| {
            let made = Measure::new(route, method, status);
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, made.clone());
            made
        });
        measure.requests.increment(1);
        measure.seconds.record(took.as_secs_f64());
    }
}

impl Measure {
    fn new(route: &'static str, method: &'static str, status: StatusCode) -> Self {
        let status = status.as_str().to_owned();
        Self {
            requests: metrics::counter!("api_requests_total", "route" => route, "method" => method, "status" => status),
            seconds: metrics::histogram!("api_request_seconds", "route" => route, "method" => method),
        }
    }
}
