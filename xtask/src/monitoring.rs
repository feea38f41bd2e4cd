//! What looks at the bridge from outside, tried with the real tools: the rules of `deploy/prometheus` by promtool, each alert
//! against a bridge that is really broken, and the dashboards of `deploy/grafana` against one that is used. Not what is measured:
//! that is `bridge_app`'s.

mod broken;
mod dashboards;
mod lookout;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use test_servers::{legs, programs};

use crate::{Outcome, workspace};

/// The programs that Debian has for it.
const PROGRAMS: [&str; 3] = ["promtool", "prometheus", "prometheus-alertmanager"];

fn rules() -> PathBuf {
    workspace::root().join("deploy/prometheus/rules.yml")
}

/// Everything but what takes long: a step of `cargo xtask test`.
pub(crate) fn in_a_test() -> Outcome {
    if let Some(missing) = missing() {
        if legs::every_leg_must_run() {
            return Err(missing.into());
        }
        println!("SKIPPED: rules, alerts and dashboards were not looked at: {missing}");
        return Ok(());
    }
    unit_tests()?;
    dashboards::give_data()?;
    broken::told(broken::Which::Short)
}

/// Every alert, against a bridge that is broken in its way; with the seconds that each took.
pub(crate) fn every_alert() -> Outcome {
    match missing() {
        Some(missing) => Err(missing.into()),
        None => broken::told(broken::Which::All),
    }
}

fn missing() -> Option<String> {
    PROGRAMS.iter().find_map(|name| programs::find(name).err()).map(|problem| problem.to_string())
}

/// The rules by themselves, and a test of each.
fn unit_tests() -> Outcome {
    let promtool = programs::find("promtool")?;
    let run = |args: &[&str], file: PathBuf| {
        workspace::run(Command::new(&promtool).args(args).arg(file).stdout(Stdio::null()))
    };
    run(&["check", "rules"], rules())?;
    for entry in std::fs::read_dir(workspace::root().join("deploy/prometheus/tests"))? {
        run(&["test", "rules"], entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alert_has_a_test_and_says_what_to_do() {
        let rules = std::fs::read_to_string(rules()).unwrap();
        let folder = workspace::root().join("deploy/prometheus/tests");
        let tests: String = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let alerts: Vec<&str> =
            rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        assert!(alerts.len() >= 20, "{alerts:?}");
        for alert in &alerts {
            assert!(tests.contains(&format!("- name: {alert}\n")), "{alert} has no test");
        }
        let told = |what: &str| rules.matches(what).count();
        assert_eq!((told("action: "), told("summary: ")), (alerts.len(), alerts.len()));
        let docs = std::fs::read_to_string(workspace::root().join("docs/monitoring.md")).unwrap();
        for alert in alerts {
            assert!(docs.contains(alert), "{alert} is not in docs/monitoring.md");
        }
    }
}
