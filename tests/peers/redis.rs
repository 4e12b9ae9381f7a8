//! A Redis of the test's own: no disk, a free port, killed when dropped.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::Process;

pub struct Redis {
    port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl Redis {
    pub fn start() -> Self {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        assert!(found.is_ok(), "redis-server is needed: apt-get install redis-server");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Self {
            port,
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        redis.start_again();
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Starts it with nothing in it.
    pub fn start_again(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path());
        self.process = Some(Process::start(command, &self.folder.path().join("redis.log")));
    }

    pub fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    /// It is there and answers nothing.
    pub fn freeze(&self) {
        self.process.as_ref().unwrap().signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.process.as_ref().unwrap().signal(Signal::CONT);
    }
}
