//! What the kernel counts about a process: its memory and its CPU time. Reads /proc, so Linux only.

use procfs::process::{Stat, all_processes};

use crate::Outcome;

/// Highest resident memory so far, in bytes.
pub(crate) fn peak_rss(pid: u32) -> Outcome<u64> {
    status_field(&read(pid, "status")?, "VmHWM")
}

/// Resident memory now, in bytes.
pub(crate) fn rss(pid: u32) -> Outcome<u64> {
    status_field(&read(pid, "status")?, "VmRSS")
}

/// Memory of a process and all that it started, in bytes: what several share counts once. Of another user's, which
/// may not be looked at so closely, what is resident.
pub(crate) fn family_memory(pid: u32) -> Outcome<u64> {
    let all: Vec<Stat> = all_processes()?.flatten().filter_map(|process| process.stat().ok()).collect();
    let mut sum = 0;
    for member in family_of(i32::try_from(pid)?, &all) {
        let Ok(member) = u32::try_from(member) else { continue };
        // One that has ended meanwhile has none.
        sum += match read(member, "smaps_rollup") {
            Ok(shares) => status_field(&shares, "Pss").unwrap_or_default(),
            Err(_) => rss(member).unwrap_or_default(),
        };
    }
    Ok(sum)
}

fn family_of(pid: i32, all: &[Stat]) -> Vec<i32> {
    let mut family = vec![pid];
    let mut looked_at = 0;
    while let Some(parent) = family.get(looked_at).copied() {
        family.extend(all.iter().filter(|stat| stat.ppid == parent).map(|stat| stat.pid));
        looked_at += 1;
    }
    family
}

/// CPU seconds used so far, user and system, all threads.
pub(crate) fn cpu_seconds(pid: u32) -> Outcome<f64> {
    let ticks = cpu_ticks(&read(pid, "stat")?)?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// CPU seconds used so far by a process and all that it ever started: PostgreSQL has one for each connection, Redis
/// one for each rewrite of its file.
pub(crate) fn family_cpu_seconds(pid: u32) -> Outcome<f64> {
    let all: Vec<Stat> = all_processes()?.flatten().filter_map(|process| process.stat().ok()).collect();
    let family = family_of(i32::try_from(pid)?, &all);
    let members = all.iter().filter(|stat| family.contains(&stat.pid));
    // Those that have ended count with the one that waited for them.
    let ticks: u64 = members.map(|stat| stat.utime + stat.stime + ended_children(stat)).sum();
    if all.iter().any(|stat| stat.pid == family[0]) {
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    } else {
        Err(format!("no process {pid}: has the server stopped?").into())
    }
}

fn ended_children(stat: &Stat) -> u64 {
    u64::try_from(stat.cutime + stat.cstime).unwrap_or_default()
}

fn read(pid: u32, name: &str) -> Outcome<String> {
    let path = format!("/proc/{pid}/{name}");
    std::fs::read_to_string(&path).map_err(|why| format!("{path}: {why}").into())
}

fn status_field(status: &str, name: &str) -> Outcome<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(kib.ok_or_else(|| format!("no {name} in /proc: has the server stopped?"))? * 1024)
}

fn cpu_ticks(stat: &str) -> Outcome<u64> {
    // The second field is the program's name in parentheses and may hold anything: count from its end,
    // where utime and stime are the twelfth and the thirteenth.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
    match (field(11), field(12)) {
        (Some(user), Some(system)) => Ok(user + system),
        _ => Err("/proc/PID/stat is not as expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_memory() {
        let status = "Name:\tsms-bridge\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(status_field(status, "VmHWM").unwrap(), 20_480 * 1024);
        assert_eq!(status_field(status, "VmRSS").unwrap(), 10_240 * 1024);
        assert!(status_field("Name:\tzombie\n", "VmRSS").is_err());
    }

    #[test]
    fn reads_cpu_time_whatever_the_program_is_called() {
        let stat = "1 (a) b) S 1 1 1 0 -1 4194560 1 2 3 4 250 50 7 8 20 0 1 0 100 0 0";
        assert_eq!(cpu_ticks(stat).unwrap(), 300);
    }

    #[test]
    fn this_process_has_both() {
        let pid = std::process::id();
        assert!(rss(pid).unwrap() <= peak_rss(pid).unwrap());
        assert!(family_memory(pid).unwrap() > 0);
        assert!(cpu_seconds(pid).unwrap() <= family_cpu_seconds(pid).unwrap());
    }
}
