//! The gateway as a process: started, looked at, signalled, killed.

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use recharge_gateway::seams::{Clock, SystemClock};
use rustix::process::{Pid, Signal, kill_process};

/// A running gateway; killed when dropped, so that a failed drill leaves nothing behind.
pub struct Process {
    child: Child,
    clock: SystemClock,
}

impl Process {
    /// Starts `command`; what it logs is added to the file `log`.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let log: File = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self {
            child,
            clock: SystemClock::new(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        // Gone already is as good: the next line says how.
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "it had ended by itself: {status}");
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until it ends by itself; `None` if it still lives after `patience`.
    pub async fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        let begin = self.clock.monotonic();
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if self.clock.monotonic().saturating_sub(begin) > patience {
                return None;
            }
            self.clock.sleep(Duration::from_millis(3)).await;
        }
    }

    /// An orderly stop.
    pub async fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.end(Duration::from_secs(60)).await.expect("it stops when it is told to");
        assert!(status.success(), "an orderly stop ended with {status}");
    }

    /// Resident memory, in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
