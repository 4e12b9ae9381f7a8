//! What operators write: `gateway.toml`, the environment, `adapters.toml`, and dialects of their own.
//!
//! Promises: a configuration in force, written out, is read as the same again; an error can be shown.

use recharge_gateway::adapters::{Adapter, Adapters, LoadError};
use recharge_gateway::config::Config;
use secrecy::SecretString;

use super::{Read, Reader};
use crate::corpus;

/// The settings' readers. Loading suppliers compiles their dialects, so those have small shares.
pub(super) fn all() -> Vec<Box<dyn Reader>> {
    let mut configurations = corpus::kept("gateway");
    configurations.push(corpus::file("gateway.toml"));
    vec![
        Box::new(Text {
            name: "gateway.toml",
            seeds: configurations,
            share: 8,
            read: configuration,
        }),
        Box::new(Text {
            name: "environment",
            seeds: corpus::kept("environment"),
            share: 4,
            read: environment,
        }),
        Box::new(Text {
            name: "adapters.toml",
            seeds: vec![corpus::file("adapters.toml"), corpus::file("src/demo/adapters.toml")],
            share: 1,
            read: suppliers,
        }),
        Box::new(Text {
            name: "dialects",
            seeds: corpus::dialects().into_iter().map(|dialect| dialect.text.into_bytes()).collect(),
            share: 1,
            read: dialect,
        }),
    ]
}

struct Text {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    share: u64,
    read: fn(&str) -> Read,
}

impl Reader for Text {
    fn name(&self) -> &str {
        self.name
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn share(&self) -> u64 {
        self.share
    }

    fn read(&mut self, input: &[u8]) -> Read {
        // The doors take text; what is no text is refused before them.
        std::str::from_utf8(input).map_or(Read::Refused, self.read)
    }
}

fn in_force(read: Result<Config, impl std::fmt::Debug + std::fmt::Display>) -> Read {
    let config = match read {
        Ok(config) => config,
        Err(error) => return shown(&error),
    };
    let text = config.effective();
    match Config::read("effective", &text, &[]) {
        Ok(again) if again.effective() == text => Read::Understood,
        Ok(_) => Read::Broke("a configuration in force, written out, is another one".to_owned()),
        Err(error) => Read::Broke(format!("a configuration in force, written out, is refused: {error}")),
    }
}

fn configuration(text: &str) -> Read {
    in_force(Config::read("gateway.toml", text, &[]))
}

fn environment(text: &str) -> Read {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let variables: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    in_force(Config::read("gateway.toml", "", &variables))
}

fn shown(error: &(impl std::fmt::Debug + std::fmt::Display)) -> Read {
    if format!("{error}{error:?}").is_empty() {
        return Read::Broke("an error without words".to_owned());
    }
    Read::Refused
}

fn secret(_: &str) -> Option<SecretString> {
    Some(SecretString::from("secret"))
}

fn loaded(read: Result<Adapters, LoadError>) -> Read {
    let adapters = match read {
        Ok(adapters) => adapters,
        Err(error) => return shown(&error),
    };
    for adapter in adapters.iter() {
        match Adapter::restore(&adapter.document(), &secret) {
            Ok(again) if again.digest() == adapter.digest() => {}
            Ok(_) => return Read::Broke("an adapter made again of its document has another digest".to_owned()),
            Err(error) => return Read::Broke(format!("an adapter cannot be made again of its document: {error}")),
        }
    }
    Read::Understood
}

fn suppliers(text: &str) -> Read {
    loaded(Adapters::load("adapters.toml", text, &secret, &[]))
}

fn dialect(text: &str) -> Read {
    let own = [("own.toml".to_owned(), text.to_owned())];
    loaded(Adapters::load("adapters.toml", "", &secret, &own))
}
