//! What the gateway says of itself, all of it and as it ships, read over for what it must never say (I19).

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use recharge_gateway::telemetry::{Format, subscriber};
use tracing::subscriber::{DefaultGuard, set_default};

use crate::cast::KEY;
use crate::scene::Scene;
use crate::shops::{CALLBACK_SECRET, REQUEST_SECRET};

/// Listens to this thread until dropped.
pub struct Ears {
    heard: Arc<Mutex<Option<String>>>,
    _guard: DefaultGuard,
}

impl Ears {
    /// Listens for every secret there is, and every recipient of this scene.
    #[must_use]
    pub fn open(scene: &Scene) -> Self {
        let heard = Arc::<Mutex<Option<String>>>::default();
        let recipients = scene.orders.iter().map(|planned| planned.recipient.clone());
        let secrets = [KEY, REQUEST_SECRET, CALLBACK_SECRET].map(str::to_owned);
        let page = Page {
            hidden: recipients.chain(secrets).collect(),
            heard: Arc::clone(&heard),
        };
        let subscriber = subscriber(Format::Json, "trace", move || page.clone()).unwrap();
        Self {
            heard,
            _guard: set_default(subscriber),
        }
    }

    /// The first line that said too much, once.
    #[must_use]
    pub fn heard(&self) -> Option<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Clone)]
struct Page {
    hidden: Arc<[String]>,
    heard: Arc<Mutex<Option<String>>>,
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if self.hidden.iter().any(|hidden| line.contains(hidden.as_str())) {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.get_or_insert_with(|| line.trim_end().to_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
