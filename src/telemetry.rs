//! What the process says about itself: log lines and numbers.
//!
//! Lines are JSON or plain words on standard error; numbers are kept by a Prometheus recorder that
//! the health face renders. There is no filter here that searches lines for secrets: the types that
//! hold secrets and recipients do not print them, and that is the only protection that holds.
//! Deliberately absent: exporting traces.

use std::io;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tracing::Subscriber;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Plain words.
    Text,
}

/// Upper bounds for everything measured in `_seconds`, from a local decision to a patient supplier.
const SECONDS: [f64; 16] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// Upper bounds for everything counted in `_count`, such as commands in one commit.
const COUNTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Why nothing is said.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// `[log] filter` cannot be read.
    #[error("[log] filter is not a filter: {0}; write a level, or levels by target such as info,recharge_gateway::dispatch=debug")]
    Filter(#[from] ParseError),
    /// Something else speaks for this process already.
    #[error("logging was set up before: {0}")]
    Log(#[from] SetGlobalDefaultError),
    /// A bucket table is empty.
    #[error("histogram buckets cannot be set: {0}")]
    Buckets(#[from] BuildError),
    /// Something else counts for this process already.
    #[error("metrics were set up before: {0}")]
    Metrics(String),
}

/// Starts logging and counting for the whole process; the handle renders the numbers, and its
/// `run_upkeep` wants to be called every few seconds.
///
/// # Errors
/// When the filter cannot be read, or when called twice.
pub fn install(format: Format, filter: &str) -> Result<PrometheusHandle, InstallError> {
    tracing::subscriber::set_global_default(subscriber(format, filter, io::stderr)?)?;
    let recorder = recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| InstallError::Metrics(error.to_string()))?;
    Ok(handle)
}

/// What turns events into lines.
///
/// # Errors
/// When the filter cannot be read.
pub fn subscriber<W>(format: Format, filter: &str, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, InstallError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(writer);
    Ok(match format {
        Format::Json => Box::new(
            lines
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .finish(),
        ),
        Format::Text => Box::new(lines.with_ansi(false).finish()),
    })
}

/// The recorder with its buckets; without buckets a histogram would be a summary, which cannot be added up.
///
/// # Errors
/// Never with the tables above.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_count".to_owned()), &COUNTS)?;
    Ok(builder.build_recorder())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(format: Format, filter: &str) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(format, filter, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(order = "42", "accepted");
            tracing::debug!("a detail");
        });
        page.text()
    }

    #[test]
    fn a_json_line_is_one_object_with_its_fields_at_the_top() {
        let text = said(Format::Json, "info");
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line.get("order").unwrap(), "42");
        assert_eq!(line.get("message").unwrap(), "accepted");
        assert_eq!(line.get("level").unwrap(), "INFO");
    }

    #[test]
    fn the_filter_decides_which_lines_there_are() {
        assert!(!said(Format::Text, "info").contains("a detail"));
        assert!(said(Format::Text, "warn,recharge_gateway=debug").contains("a detail"));
        assert_eq!(said(Format::Text, "off"), "");
        let error = subscriber(Format::Text, "info,=x=", io::sink).err().unwrap();
        assert!(error.to_string().contains("[log] filter"), "{error}");
    }

    #[test]
    fn durations_are_counted_in_buckets_that_can_be_added_up() {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("gateway_submit_seconds").record(0.3);
            metrics::counter!("gateway_orders_total").increment(2);
        });
        let page = handle.render();
        assert!(page.contains("gateway_submit_seconds_bucket{le=\"0.25\"} 0"), "{page}");
        assert!(page.contains("gateway_submit_seconds_bucket{le=\"0.5\"} 1"), "{page}");
        assert!(page.contains("gateway_orders_total 2"), "{page}");
    }
}
