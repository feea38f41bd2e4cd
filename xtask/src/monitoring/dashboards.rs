//! Every expression of every dashboard, asked of a Prometheus that scrapes a bridge in use: each gives data. Not how a panel looks.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::lookout::Lookout;
use crate::bench::requests;
use crate::bench::server::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY, Server};
use crate::stopwatch::Stopwatch;
use crate::{Outcome, workspace};

/// How long the last panel may take to have data.
const WITHIN: Duration = Duration::from_secs(30);

/// Fails with every expression that gives none.
pub(super) fn give_data() -> Outcome {
    let expressions = expressions()?;
    let binary = workspace::built_by_tests()?;
    let folder = tempfile::tempdir()?;
    let server = Server::start(&binary, &folder.path().join("data"), &[])?;
    let lookout = Lookout::over(server.addr())?;
    lookout.sees(WITHIN)?;
    let command = |words: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(words).arg("--url").arg(format!("http://{}", server.addr()));
        command.env("SMS_BRIDGE_API_KEY", API_KEY).env("SMS_BRIDGE_RECEIVER_KEY", RECEIVER_KEY);
        command.env("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN).stdout(std::process::Stdio::null());
        command
    };
    let mut backup = Command::new(&binary);
    backup.args(["backup", "--data-dir"]).arg(folder.path().join("data")).arg(folder.path().join("one.smsb"));
    workspace::run(backup.stdout(std::process::Stdio::null()))?;
    let began = Stopwatch::start();
    let mut round = 0;
    loop {
        let mobile = requests::number(round);
        workspace::run(&mut command(&["simulate", "--mobile", &mobile]))?;
        // And one that fails a check.
        let _ =
            command(&["simulate", "--mobile", &mobile, "--sender", &requests::number(round + 500)]).status();
        round += 1;
        let without: Vec<&String> = expressions
            .iter()
            .filter(|expression| !lookout.series(expression).is_ok_and(|series| series > 0))
            .collect();
        if without.is_empty() {
            println!("{} expressions of the dashboards give data", expressions.len());
            return server.stop();
        }
        if began.elapsed() > WITHIN {
            let without: Vec<&str> = without.iter().map(|expression| expression.as_str()).collect();
            return Err(format!("these give no data:\n{}", without.join("\n")).into());
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Those of every panel, with their variables as Grafana fills them in.
fn expressions() -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(workspace::root().join("deploy/grafana"))? {
        let dashboard: Value = serde_json::from_slice(&std::fs::read(entry?.path())?)?;
        for panel in dashboard["panels"].as_array().into_iter().flatten() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expression = target["expr"].as_str().ok_or("a target without an expression")?;
                found.push(expression.replace("$__rate_interval", "1m").replace("$job", "sms-bridge"));
            }
        }
    }
    Ok(found)
}
