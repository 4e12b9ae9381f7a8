//! Which faults a submit meets: scripted ones for its recipient, else the rated ones.
//!
//! A script belongs to a recipient, or to everybody without a script of their own when its name is `*`.
//! A scripted recipient never meets rated faults. A new script replaces the old one, an empty script means healthy.

use std::collections::{HashMap, VecDeque};

use crate::dice::Dice;
use crate::fault::{Fault, Stage};
use crate::order::Submission;

/// The script name that holds for every recipient without a script.
pub(crate) const EVERYBODY: &str = "*";

/// The faults one submit meets, at most one of a stage; and those of the order it may create.
#[derive(Debug, Clone, Default)]
pub(crate) struct Treatment {
    pub(crate) arrival: Option<Fault>,
    pub(crate) copies: Option<Fault>,
    pub(crate) refusal: Option<Fault>,
    pub(crate) answer: Option<Fault>,
    pub(crate) pace: Option<Fault>,
    pub(crate) order: Vec<Fault>,
}

impl Treatment {
    /// Adds a fault unless its stage is taken.
    fn add(&mut self, fault: Fault) {
        let place = match fault.stage() {
            Stage::Arrival => &mut self.arrival,
            Stage::Copies => &mut self.copies,
            Stage::Refusal => &mut self.refusal,
            Stage::Answer => &mut self.answer,
            Stage::Pace => &mut self.pace,
            Stage::Order => {
                self.order.push(fault);
                return;
            }
        };
        place.get_or_insert(fault);
    }

    /// Whether the order carries this fault.
    pub(crate) fn order_has(&self, fault: Fault) -> bool {
        self.order.contains(&fault)
    }
}

/// All scripts of one mock, and its rated faults.
#[derive(Debug)]
pub(crate) struct Scripts {
    dice: Dice,
    rates: Vec<(Fault, u32)>,
    by_recipient: HashMap<String, VecDeque<Fault>>,
}

impl Scripts {
    /// No scripts yet.
    pub(crate) fn new(dice: Dice, rates: Vec<(Fault, u32)>) -> Self {
        Self {
            dice,
            rates,
            by_recipient: HashMap::new(),
        }
    }

    /// Replaces the script of a recipient.
    pub(crate) fn write(&mut self, recipient: &str, faults: Vec<Fault>) {
        self.by_recipient.insert(recipient.to_owned(), VecDeque::from(faults));
    }

    /// The faults for this submit; uses up what a submit uses up. `transmission` counts the submits of its id from 1.
    pub(crate) fn treat(&mut self, submission: &Submission, transmission: u32) -> Treatment {
        let name = if self.by_recipient.contains_key(&submission.recipient) {
            submission.recipient.as_str()
        } else {
            EVERYBODY
        };
        match self.by_recipient.get_mut(name) {
            Some(script) => perform(script),
            None => self.rated(submission, transmission),
        }
    }

    fn rated(&self, submission: &Submission, transmission: u32) -> Treatment {
        let mut treatment = Treatment::default();
        for (n, (fault, rate)) in self.rates.iter().enumerate() {
            let used_up = transmission > 1 && Stage::USED_UP.contains(&fault.stage());
            let throw = [submission.recipient.as_str(), submission.id.as_str(), &n.to_string()];
            if !used_up && self.dice.falls(*rate, &throw) {
                treatment.add(*fault);
            }
        }
        treatment
    }
}

/// One submit's share of a script.
fn perform(script: &mut VecDeque<Fault>) -> Treatment {
    let mut treatment = Treatment::default();
    let mut taken = Vec::new();
    script.retain(|fault| {
        let stage = fault.stage();
        if !Stage::USED_UP.contains(&stage) {
            treatment.add(*fault);
            return true;
        }
        if taken.contains(&stage) {
            return true;
        }
        taken.push(stage);
        treatment.add(*fault);
        false
    });
    treatment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(id: &str) -> Submission {
        Submission {
            id: id.to_owned(),
            recipient: "13800138000".to_owned(),
            product: "12".to_owned(),
            quantity: 1,
            face_minor: None,
            max_cost_minor: None,
            notify_url: None,
        }
    }

    #[test]
    fn faults_of_the_answer_are_taken_in_turn_and_those_of_the_order_stay() {
        let mut scripts = Scripts::new(Dice::new(0), Vec::new());
        let cut = Fault::Truncated { charged: true };
        scripts.write("13800138000", vec![Fault::HangUncharged, cut, Fault::Refuse, Fault::NoNotify]);
        let answers: Vec<_> = (1..=3)
            .map(|n| {
                let met = scripts.treat(&submission("A1"), n);
                assert_eq!(met.refusal, Some(Fault::Refuse));
                assert!(met.order_has(Fault::NoNotify));
                met.answer
            })
            .collect();
        assert_eq!(answers, [Some(Fault::HangUncharged), Some(cut), None]);
    }

    #[test]
    fn an_own_script_comes_before_everybodys_and_before_the_rates() {
        let mut scripts = Scripts::new(Dice::new(0), vec![(Fault::Duplicate, 10_000)]);
        assert!(scripts.treat(&submission("A1"), 1).copies.is_some());
        assert!(scripts.treat(&submission("A1"), 2).copies.is_none());
        scripts.write(EVERYBODY, vec![Fault::FailLater]);
        assert!(scripts.treat(&submission("A2"), 1).order_has(Fault::FailLater));
        scripts.write("13800138000", Vec::new());
        assert!(scripts.treat(&submission("A3"), 1).order.is_empty());
    }
}
