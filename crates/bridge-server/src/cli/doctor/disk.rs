//! The disk of the data folder: how much is free, and how long it takes to make something durable. Every SMS waits for that once.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use bridge_app::base::metrics::Stopwatch;
use bridge_app::state::disk::Disk;
use bridge_store::finding::{Finding, Level};
use bridge_store::private;

use super::finding;
use crate::config::DISK_FLOOR_MIB;

const MIB: u64 = 1024 * 1024;
/// Less than this is wrong, less than ten times this is worth a look.
const MIN_MIB: u64 = DISK_FLOOR_MIB as u64;
const FILE: &str = ".doctor";
/// As much as an SMS writes, so often that one pause of the machine says nothing.
const PIECE: [u8; 4096] = [0x5a; 4096];
const TIMES: usize = 15;
/// An SSD needs less, a good SD card about as much.
const BRISK: Duration = Duration::from_millis(15);
/// Twenty SMS a second one after the other, and no more.
const SLOW: Duration = Duration::from_millis(50);

/// How much is free.
pub(super) fn room(data_dir: &Path) -> Finding {
    let folder = data_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let Some(room) = Disk::new(folder, 0).room() else {
        let advice = "look at the disk yourself";
        return finding("disk", Level::Warning, "free space unknown", advice);
    };
    let mib = room.free_bytes / MIB;
    let level = match mib {
        0..MIN_MIB => Level::Problem,
        m if m < MIN_MIB * 10 || room.is_filling() => Level::Warning,
        _ => Level::Good,
    };
    let advice = if level == Level::Good {
        ""
    } else {
        "free some space: registration pauses below the floor, and on a full disk no SMS can be accepted"
    };
    let percent = room.free_bytes * 100 / room.size_bytes.max(1);
    finding("disk", level, format!("{mib} MiB free ({percent} %)"), advice)
}

/// How long it takes until something is durable. None: nothing can be written there now, which others say.
pub(super) fn speed(data_dir: &Path) -> Option<Finding> {
    let path = data_dir.join(FILE);
    let took = measured(&path);
    // One that is not there is none to remove.
    let _ = std::fs::remove_file(&path);
    Some(judged(took.ok()?))
}

/// The time of the middle one, and of the slowest.
fn measured(path: &Path) -> std::io::Result<(Duration, Duration)> {
    let mut file = private::options().create(true).truncate(true).write(true).open(path)?;
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let watch = Stopwatch::start();
        file.write_all(&PIECE)?;
        file.sync_data()?;
        times.push(watch.elapsed());
    }
    times.sort_unstable();
    Ok((times[TIMES / 2], times[TIMES - 1]))
}

fn judged((usual, worst): (Duration, Duration)) -> Finding {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let found = format!("{:.1} ms until 4 KiB are durable, at worst {:.1} ms", ms(usual), ms(worst));
    let (level, advice) = if usual < BRISK {
        (Level::Good, "")
    } else if usual < SLOW {
        (Level::Good, "an SSD on USB, or a better card (A2), makes every answer faster")
    } else {
        (
            Level::Warning,
            "every SMS waits for it: take an SSD or a better card (A2), and see whether something else writes to it (iotop); a \
             card that became slow may be about to break: make a backup",
        )
    };
    finding("disk speed", level, found, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_is_worth_a_look_and_one_that_is_not_slow_is_good() {
        let of = |ms| judged((Duration::from_millis(ms), Duration::from_millis(ms * 3)));
        assert_eq!((of(1).level, of(1).advice.as_str()), (Level::Good, ""));
        assert!(of(20).level == Level::Good && of(20).advice.contains("SSD"));
        assert!(of(80).level == Level::Warning && of(80).advice.contains("backup"));
        assert!(of(80).found.contains("80.0 ms") && of(80).found.contains("240.0 ms"), "{}", of(80).found);
    }

    #[test]
    fn it_is_measured_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        assert!(speed(folder.path()).unwrap().found.contains("ms until"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(speed(&folder.path().join("none")).is_none());
        assert!(room(folder.path()).found.contains("MiB free"));
    }
}
