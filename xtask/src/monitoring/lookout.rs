//! A Prometheus that scrapes one bridge, an Alertmanager behind it, and who is told by it: the webhook at the end. A minute of the
//! rules is taken for a second, so that nobody waits for the quarter of an hour that they may.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde::Deserialize;
use test_servers::{Program, Server as _, programs};

use super::rules;
use crate::Outcome;
use crate::bench::server::ADMIN_TOKEN;
use crate::client::{self, Route};
use crate::stopwatch::Stopwatch;

const LOOK: Duration = Duration::from_millis(50);

/// They run as long as this lives.
pub(super) struct Lookout {
    prometheus: Program,
    _alertmanager: Program,
    told: Arc<Mutex<BTreeMap<String, Duration>>>,
    watch: Stopwatch,
}

#[derive(Deserialize)]
struct Told {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
}

impl Lookout {
    /// Over that bridge.
    pub(super) fn over(bridge: SocketAddr) -> Outcome<Lookout> {
        let told: Arc<Mutex<BTreeMap<String, Duration>>> = Arc::default();
        let watch = Stopwatch::start();
        let webhook = listen(Arc::clone(&told), watch)?;
        let alertmanager = Program::start(
            "alertmanager",
            programs::find("prometheus-alertmanager")?,
            move |command, port, data| {
                let file = data.join("alertmanager.yml");
                let text = format!(
                    "route: {{receiver: hook, group_by: [...], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
                     receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{webhook}/'}}]}}]\n"
                );
                // What cannot be written, it says itself that it cannot read.
                let _ = std::fs::write(&file, text);
                command.arg(format!("--config.file={}", file.display()));
                command.arg(format!("--storage.path={}", data.display()));
                command.args([
                    format!("--web.listen-address=127.0.0.1:{port}"),
                    "--cluster.listen-address=".to_owned(),
                ]);
            },
        )?;
        let rules = hurried(&std::fs::read_to_string(rules())?);
        let alerts_to = alertmanager.port();
        let prometheus = Program::start(
            "prometheus",
            programs::find("prometheus")?,
            move |command, port, data| {
                let (config, rules_file) = (data.join("prometheus.yml"), data.join("rules.yml"));
                let text = format!(
                    "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}}\nrule_files: [rules.yml]\n\
                 alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alerts_to}']}}]}}]}}\n\
                 scrape_configs: [{{job_name: sms-bridge, authorization: {{credentials: {ADMIN_TOKEN}}}, \
                 static_configs: [{{targets: ['{bridge}']}}]}}]\n"
                );
                let _ = std::fs::write(&config, text);
                let _ = std::fs::write(rules_file, &rules);
                command.arg(format!("--config.file={}", config.display()));
                command.arg(format!("--storage.tsdb.path={}", data.join("tsdb").display()));
                command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
            },
        )?;
        Ok(Lookout { prometheus, _alertmanager: alertmanager, told, watch })
    }

    /// What Prometheus answers to an expression: how many series, of which how many have a number.
    pub(super) fn series(&self, expression: &str) -> Outcome<usize> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.prometheus.port()));
        let query: String = expression
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        let route = Route::new(Method::GET, address, &format!("/api/v1/query?query={query}"), None)?;
        let (status, body) = client::ask(address, &route, Bytes::new())?;
        let answer: serde_json::Value = serde_json::from_slice(&body)?;
        if !status.is_success() {
            return Err(format!("{expression}: {}", answer["error"]).into());
        }
        let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        Ok(result
            .iter()
            .filter(|series| series["value"][1].as_str().is_some_and(|value| value != "NaN"))
            .count())
    }

    /// Waits until Prometheus sees the bridge.
    pub(super) fn sees(&self, within: Duration) -> Outcome {
        let began = Stopwatch::start();
        while began.elapsed() < within {
            if self.series("up == 1").is_ok_and(|series| series == 1) {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        Err("Prometheus does not see the bridge".into())
    }

    /// The time on its clock.
    pub(super) fn now(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Was this alert told already?
    pub(super) fn told(&self, alert: &str) -> Option<Duration> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).get(alert).copied()
    }

    /// Waits until it is told; answers when.
    pub(super) fn wait_for(&self, alert: &str, within: Duration) -> Outcome<Duration> {
        let began = Stopwatch::start();
        while began.elapsed() < within {
            if let Some(at) = self.told(alert) {
                return Ok(at);
            }
            std::thread::sleep(LOOK);
        }
        Err(format!("{alert} was not told within {} s", within.as_secs()).into())
    }
}

/// Takes what Alertmanager posts, on a thread that ends with this program.
fn listen(told: Arc<Mutex<BTreeMap<String, Duration>>>, watch: Stopwatch) -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(body) = take(&stream) else { continue };
            let Ok(posted) = serde_json::from_slice::<Told>(&body) else { continue };
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            for alert in posted.alerts.into_iter().filter(|alert| alert.status == "firing") {
                let name = alert.labels.get("alertname").cloned().unwrap_or_default();
                told.entry(name).or_insert_with(|| watch.elapsed());
            }
        }
    });
    Ok(port)
}

/// One request; answered when it is read.
fn take(mut stream: &TcpStream) -> std::io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    Ok(body)
}

/// The rules with each minute taken for a second, each hour for sixty.
fn hurried(rules: &str) -> String {
    let mut out = String::with_capacity(rules.len());
    let mut rest = rules;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let digits = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, after) = from.split_at(digits);
        let follows = |unit: &str| {
            after
                .strip_prefix(unit)
                .is_some_and(|rest| rest.starts_with([']', '\n', ' ', ')']) || rest.is_empty())
        };
        let is_length = before.ends_with(['[', ' ']);
        match (is_length, number.parse::<u64>()) {
            (true, Ok(minutes)) if follows("m") => out.push_str(&format!("{minutes}s")),
            (true, Ok(hours)) if follows("h") => out.push_str(&format!("{}s", hours * 60)),
            _ => {
                out.push_str(number);
                rest = after;
                continue;
            }
        }
        rest = &after[1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_a_second_and_nothing_else_changes() {
        assert_eq!(hurried("for: 10m\n"), "for: 10s\n");
        assert_eq!(hurried("rate(x{le=\"0.512\"}[5m])"), "rate(x{le=\"0.512\"}[5s])");
        assert_eq!(hurried("max(y[10m] offset 20m)"), "max(y[10s] offset 20s)");
        assert_eq!(hurried("a:ratio1h > 14.4 * 0.01 and z[1h]"), "a:ratio1h > 14.4 * 0.01 and z[60s]");
        assert_eq!(hurried("for: 1m"), "for: 1s");
    }
}
