//! A process that is killed leaves neither servers nor folders behind. The test runs itself as that process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use test_servers::{Postgres, Redis, Result, Server, legs, poll, postgres, redis};

const THIS: &str = "abandoned::servers_end_with_the_process_that_started_them";
const ROLE: &str = "SMS_BRIDGE_TEST_ABANDONS";

/// What the other process says about its servers.
struct Abandoned {
    process: Child,
    pids: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

#[test]
fn servers_end_with_the_process_that_started_them() {
    if let Some(role) = std::env::var_os(ROLE) {
        abandon(role == "paused");
    }
    let both = start().map(drop);
    if legs::or_skip("redis and postgres", both).is_none() {
        return;
    }
    let left = end(other("paused"));
    // The next process that starts a server sweeps.
    let second = other("running");
    assert!(left.iter().all(|folder| !folder.exists()), "{left:?}");
    end(second);
}

fn start() -> Result<(Redis, Postgres)> {
    Ok((Redis::start(&redis::Options::default())?, Postgres::start(&postgres::Options::default())?))
}

/// The other process: starts servers in a thread that ends, says so, and waits for its end.
fn abandon(paused: bool) -> ! {
    let servers = std::thread::spawn(start).join().unwrap().unwrap();
    if paused {
        // Children of PostgreSQL that are paused do not see that their parent ended.
        servers.1.pause().unwrap();
    }
    for server in [&servers.0 as &dyn Server, &servers.1] {
        println!("\nserver {} {}", server.pid().unwrap(), server.data_dir().display());
    }
    println!("ready");
    loop {
        std::thread::park();
    }
}

fn other(role: &str) -> Abandoned {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS, "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut pids, mut folders) = (Vec::new(), Vec::new());
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(("server", rest)) = line.split_once(' ') {
            let (pid, folder) = rest.split_once(' ').unwrap();
            pids.push(Path::new("/proc").join(pid));
            folders.push(folder.into());
        } else if line == "ready" {
            break;
        }
    }
    assert!(pids.len() == 2 && pids.iter().all(|pid| pid.exists()), "{pids:?}");
    Abandoned { process, pids, folders }
}

/// Kills the other process, sees its servers end, and answers the folders that it left.
fn end(mut other: Abandoned) -> Vec<PathBuf> {
    other.process.kill().unwrap();
    other.process.wait().unwrap();
    let ended =
        poll::until(Duration::from_secs(10), || other.pids.iter().all(|pid| !pid.exists()).then_some(()));
    assert!(ended.is_some(), "{:?}", other.pids);
    other.folders
}
