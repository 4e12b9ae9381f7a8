//! The command line: what an operator types, and what comes back.
//!
//! Beside a running server a command goes through its admin socket; alone it opens the database
//! itself, under the same lock a server would take. Both ways end in `console::perform`. What the
//! commands need of the assembled gateway stands behind `House`, which main fills in.
//!
//! Invariants: results go to standard output, everything else to standard error; exit code 0 means
//! done, 1 means refused or failed with nothing done unless the text says otherwise, 2 means the
//! command was not understood.

mod arguments;
mod demo_args;
mod desk;
mod explain;
mod file;
mod house;
mod import;
mod receipt;
mod route;
mod run;
mod show;
mod statement;
mod table;

#[cfg(test)]
mod logs_tests;
#[cfg(test)]
mod tests;

pub use arguments::Cli;
pub use demo_args::DemoArgs;
pub use house::House;
pub use run::run;
