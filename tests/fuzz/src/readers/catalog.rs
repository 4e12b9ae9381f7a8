//! Files of products and offers, CSV and TOML, through the call that `product import` makes.
//!
//! Promise: a file is taken or refused with reasons, and each reason names a place inside the text.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use recharge_gateway::console::{AdminCall, AdminContext, AdminReply, CatalogFile, FileFormat, perform, text_of};
use recharge_gateway::domain::desk::Manning;
use recharge_gateway::seams::{BoxFuture, Clock, Random};
use recharge_gateway::store::MemoryStore;

use super::{Read, Reader};
use crate::corpus;
use crate::story::OPENED_MS;

/// Products and offers, in both formats.
pub(super) fn all() -> Vec<Box<dyn Reader>> {
    let context = AdminContext {
        store: Arc::new(MemoryStore::new()),
        running: None,
        suppliers: Arc::new(Vec::new),
        statements: Arc::default(),
        clock: Arc::new(Still),
        random: Arc::new(Still),
        manning: Manning::Pair,
        links: None,
    };
    let products: fn(CatalogFile) -> AdminCall = AdminCall::ProductImport;
    let kinds = [
        ("products.csv", FileFormat::Csv, products),
        ("products.toml", FileFormat::Toml, products),
        ("offers.csv", FileFormat::Csv, AdminCall::OfferImport),
        ("offers.toml", FileFormat::Toml, AdminCall::OfferImport),
    ];
    // Offers are of products that exist.
    for seed in corpus::kept("products.csv") {
        let file = file(seed, FileFormat::Csv, false).unwrap();
        let reply = perform(&context, AdminCall::ProductImport(file)).now_or_never().unwrap();
        assert!(matches!(reply, AdminReply::Imported(_)), "{reply:?}");
    }
    let reader = |(name, format, call)| -> Box<dyn Reader> {
        Box::new(Import {
            name,
            format,
            call,
            seeds: corpus::kept(name),
            context: context.clone(),
        })
    };
    kinds.into_iter().map(reader).collect()
}

struct Import {
    name: &'static str,
    format: FileFormat,
    call: fn(CatalogFile) -> AdminCall,
    seeds: Vec<Vec<u8>>,
    context: AdminContext,
}

fn file(bytes: Vec<u8>, format: FileFormat, dry_run: bool) -> Option<CatalogFile> {
    let text = text_of(bytes).ok()?;
    Some(CatalogFile { format, text, dry_run })
}

impl Reader for Import {
    fn name(&self) -> &str {
        self.name
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn share(&self) -> u64 {
        5
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let Some(file) = file(input.to_vec(), self.format, true) else {
            return Read::Refused;
        };
        let text = file.text.clone();
        let reply = perform(&self.context, (self.call)(file)).now_or_never();
        if let Some(AdminReply::Imported(_)) = reply {
            return Read::Understood;
        }
        let Some(AdminReply::NotImported { problems }) = reply else {
            return Read::Broke(format!("an import came to {reply:?}"));
        };
        let is_inside = |offset: usize, len: usize| text.get(offset..offset + len).is_some();
        match problems.iter().find(|problem| !is_inside(problem.offset, problem.len)) {
            Some(astray) => Read::Broke(format!("a reason names no place in the text: {astray:?}")),
            None if problems.is_empty() => Read::Broke("refused without a reason".to_owned()),
            None => Read::Refused,
        }
    }
}

/// Neither time nor chance: an import that is only tried needs none.
struct Still;

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        OPENED_MS
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

impl Random for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}
