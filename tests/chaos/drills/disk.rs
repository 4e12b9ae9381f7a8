//! The disk is full, cannot be written, or fails to make durable what it took.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use recharge_gateway::seams::Clock;
use tempfile::TempDir;

use super::{run, under_load};
use crate::load::Load;
use crate::process::Process;
use crate::world::{Plan, World};

/// A file system of so many MiB in memory.
struct Small {
    place: TempDir,
}

const MOUNT: &str = "this drill needs root and the Debian package `mount`";

impl Small {
    fn mount(mib: u32) -> Self {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().to_str().unwrap().to_owned();
        run("mount", &["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs", &path], MOUNT);
        Self { place }
    }

    fn again(&self, options: &str) {
        run(
            "mount",
            &["-o", &format!("remount,{options}"), self.place.path().to_str().unwrap()],
            MOUNT,
        );
    }

    /// Takes all the space that is left; the file to take away again.
    fn fill(&self) -> PathBuf {
        let ballast = self.place.path().join("ballast");
        let mut file = std::fs::File::create(&ballast).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        ballast
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.place.path()).status();
    }
}

fn on(small: &Small) -> Plan {
    Plan {
        data: Some(small.place.path().to_owned()),
        ..Plan::default()
    }
}

#[actix_web::test]
async fn a_full_disk_stops_accepting_and_sending_and_nothing_is_lost() {
    let small = Small::mount(64);
    let world = World::open(on(&small)).await;
    let process = world.serve().await;
    let load = Load::new(&world);
    load.run_for(Duration::from_millis(500)).await;
    let ballast = small.fill();
    under_load(&load, async {
        world
            .until("not ready", Duration::from_secs(10), || async { !world.is_ready().await })
            .await;
        world.clock.sleep(Duration::from_secs(1)).await;
        let (submits, taken) = (world.submits(), load.accepted.borrow().len());
        world.clock.sleep(Duration::from_secs(2)).await;
        assert_eq!(world.submits(), submits, "something was sent without a disk to stamp it on");
        assert_eq!(
            load.accepted.borrow().len(),
            taken,
            "an order was taken without a disk to keep it on"
        );
        std::fs::remove_file(&ballast).unwrap();
        let back = world.until("ready again", Duration::from_secs(5), || world.is_ready()).await;
        println!(
            "full disk: ready {back:?} after there was space; slowest refusal {:?}",
            load.slowest_refusal.get()
        );
    })
    .await;
    let count = world.rest_and_judge(&load, Some(process)).await;
    println!("full disk: {} orders, {count:?}", load.asked());
    assert!(count.succeeded >= 10, "{count:?}");
}

#[actix_web::test]
async fn on_a_read_only_disk_it_does_not_start_and_says_so() {
    let small = Small::mount(64);
    let world = World::open(on(&small)).await;
    let load = Load::new(&world);
    let process = world.serve().await;
    load.run_for(Duration::from_millis(300)).await;
    process.stop().await;
    small.again("ro");
    let mut refused = world.spawn(None);
    let status = refused.end(Duration::from_secs(10)).await.expect("it ends at once");
    assert_eq!(status.code(), Some(1), "{status}");
    let log = world.log();
    assert!(log.contains("gateway.db") && log.contains("Read-only"), "{log}");
    small.again("rw");
    let count = world.rest_and_judge(&load, None).await;
    assert!(count.succeeded >= 3, "{count:?}");
}

/// Lets some system calls of a process fail, as long as this lives.
struct Tampering(Child);

impl Tampering {
    async fn with(process: &Process, calls: &str, error: &str, log: &Path, world: &World) -> Self {
        let file = std::fs::File::create(log).unwrap();
        let strace = Command::new("strace")
            .args([
                "-f",
                "-p",
                &process.pid().to_string(),
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={calls}"),
            ])
            .args(["-e", &format!("inject={calls}:error={error}")])
            .stdin(Stdio::null())
            .stderr(file)
            .spawn();
        let strace = strace.unwrap_or_else(|error| panic!("strace is absent ({error}): apt-get install strace"));
        world
            .until("strace is attached (it needs root)", Duration::from_secs(10), || async {
                std::fs::read_to_string(log).unwrap_or_default().contains("attached")
            })
            .await;
        Self(strace)
    }
}

impl Drop for Tampering {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Under load these calls begin to fail: it must end by itself with an error, and the next start knows all.
async fn failing(calls: &str, error: &str) {
    let world = World::open(Plan::default()).await;
    let mut process = world.serve().await;
    let load = Load::new(&world);
    load.run_for(Duration::from_millis(400)).await;
    under_load(&load, async {
        let log = world.database.with_file_name("strace.log");
        let tampering = Tampering::with(&process, calls, error, &log, &world).await;
        let begin = world.clock.monotonic();
        let status = process.end(Duration::from_secs(30)).await;
        let status = status.unwrap_or_else(|| panic!("{calls} fail and it goes on:\n{}", world.log()));
        assert_eq!(status.code(), Some(1), "it ended with {status}:\n{}", world.log());
        println!("{calls} {error}: ended after {:?}", world.clock.monotonic().saturating_sub(begin));
        drop(tampering);
    })
    .await;
    assert!(world.log().contains("the database has failed"), "{}", world.log());
    let count = world.rest_and_judge(&load, None).await;
    println!("{calls} {error}: {} orders, {count:?}", load.asked());
    assert!(count.succeeded >= 10 && count.in_doubt <= load.asked() / 3, "{count:?}");
}

#[actix_web::test]
async fn a_failed_fsync_ends_the_process_and_the_next_start_settles_everything() {
    failing("fsync,fdatasync", "EIO").await;
}

#[actix_web::test]
async fn a_disk_that_becomes_read_only_ends_the_process_and_the_next_start_settles_everything() {
    failing("pwrite64", "EROFS").await;
}
