//! Suppliers' statements, by the mapping that adapters.toml gives them.
//!
//! Promise: a file is read or refused with a reason; what is read has numbers that are not empty, and no
//! amount is negative.

use recharge_gateway::adapters::{Adapters, StatementReader};
use secrecy::SecretString;

use super::{Read, Reader};
use crate::corpus;

const FORM: &str = "\n[supplier.north.statement]\nnumber = \"订单号\"\ncost = \"金额\"\nstate = \"状态\"\ndelivered = [\"成功\"]\nnot_delivered = [\"失败\"]\n";

/// One supplier's reader.
pub struct Statements {
    reader: StatementReader,
    seeds: Vec<Vec<u8>>,
}

impl Default for Statements {
    fn default() -> Self {
        let text = String::from_utf8(corpus::file("adapters.toml")).unwrap();
        let secret = |_: &str| Some(SecretString::from("fuzz"));
        let adapters = Adapters::load("adapters.toml", &format!("{text}{FORM}"), &secret, &[]).unwrap();
        Self {
            reader: adapters.iter().find_map(|adapter| adapter.statement_reader()).unwrap(),
            seeds: corpus::kept("statements"),
        }
    }
}

impl Reader for Statements {
    fn name(&self) -> &'static str {
        "statements"
    }

    fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn share(&self) -> u64 {
        5
    }

    fn read(&mut self, input: &[u8]) -> Read {
        let text = String::from_utf8_lossy(input);
        match self.reader.lines(&text) {
            Ok(lines) => {
                let is_whole = |line: &recharge_gateway::domain::statement::Line| {
                    !line.number.is_empty() && line.cost_minor.is_none_or(|minor| minor >= 0)
                };
                match lines.iter().find(|line| !is_whole(line)) {
                    Some(wrong) => Read::Broke(format!("read {wrong:?}")),
                    None => Read::understood(!lines.is_empty()),
                }
            }
            Err(why) if why.message.is_empty() || why.remedy.is_empty() => Read::Broke("refused without a reason".to_owned()),
            Err(_) => Read::Refused,
        }
    }
}
