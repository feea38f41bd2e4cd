//! Ports that stay ours: reserved among all test processes of this user for as long as the value lives, so
//! that a killed server finds its port free again.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::problem::{Problem, Result};

/// Below the ports that the kernel gives to outgoing connections: a client that polls a closed port of that
/// range can connect to itself.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A reserved port of 127.0.0.1.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Locked; the lock ends with the value or with the process.
    _reservation: File,
}

impl Port {
    /// Reserves a port that nobody listens at.
    ///
    /// # Errors
    /// If every port of the range is taken, or the temp folder cannot be written.
    pub fn reserve() -> Result<Port> {
        let folder = std::env::temp_dir()
            .join(format!("sms-bridge-test-ports-{}", rustix::process::getuid().as_raw()));
        std::fs::create_dir_all(&folder).map_err(Problem::when(folder.display()))?;
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700))
            .map_err(Problem::when(folder.display()))?;
        for _ in 0..COUNT {
            let number = next();
            let file = folder.join(number.to_string());
            let file = File::create(&file).map_err(Problem::when(file.display()))?;
            if file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Port { number, _reservation: file });
            }
        }
        Err(Problem::new("no free port on 127.0.0.1: end the servers of earlier test runs"))
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// The next candidate: every process begins at another place.
fn next() -> u16 {
    static STEPS: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(7919);
    let place = start.wrapping_add(STEPS.fetch_add(1, Ordering::Relaxed)) % u32::from(COUNT);
    FIRST + u16::try_from(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_given_once() {
        let ports: Vec<Port> = (0..5).map(|_| Port::reserve().unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 5);
    }
}
