//! What the tunnel exposes: every route of the API's description and of the desk is asked against the rules that
//! `sms-bridge tunnel` writes, as cloudflared reads them: the first that fits counts.

use std::path::Path;

use bridge_desk::routes::ROUTES;
use regex::Regex;

use crate::process::{bare, run};
use crate::snapshots::is_up_to_date;

const NAME: &str = "bridge.example.org";
const DESK: &str = "desk.example.org";

/// A rule: for which host and path, and where it leads.
#[derive(Default, Debug)]
struct Rule {
    hostname: Option<String>,
    path: Option<Regex>,
    service: String,
    needs_access: bool,
}

/// Reads the ingress rules of a configuration that we wrote: a line that is not understood is a failure.
fn rules(config: &str) -> Vec<Rule> {
    let (_, ingress) = config.split_once("\ningress:\n").unwrap();
    let mut rules: Vec<Rule> = Vec::new();
    for line in ingress.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = match line.strip_prefix("  - ") {
            Some(first) => {
                rules.push(Rule::default());
                first
            }
            None => line.trim_start(),
        };
        let rule = rules.last_mut().unwrap();
        let (name, value) = line.split_once(':').unwrap();
        let value = value.trim().trim_matches('\'').to_owned();
        match name {
            "hostname" => rule.hostname = Some(value),
            "path" => rule.path = Some(Regex::new(&value).unwrap()),
            "service" => rule.service = value,
            "required" => rule.needs_access = value == "true",
            "originRequest" | "access" | "teamName" | "audTag" => {}
            other => panic!("{other} is not understood"),
        }
    }
    rules
}

/// Where a request leads.
fn leads<'a>(rules: &'a [Rule], host: &str, path: &str) -> &'a Rule {
    let fits = |rule: &&Rule| {
        rule.hostname.as_deref().is_none_or(|name| name == host)
            && rule.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
    };
    rules.iter().find(fits).unwrap()
}

fn is_open(rules: &[Rule], host: &str, path: &str) -> bool {
    leads(rules, host, path).service != "http_status:404"
}

async fn written(arguments: &[&str]) -> String {
    let all = [&["tunnel"], arguments].concat();
    let printed = run(bare(Path::new("/nonexistent"), &all)).await;
    assert_eq!(printed.code(), Some(0), "{printed:?}");
    printed.stdout
}

/// A path of a description with something in the place of its parameters.
fn sample(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{mobile}" => "+919876543210",
        "{format}" => "twilio",
        "{onboarding_id}" | "{id}" => "0190a1b2-0000-7000-8000-000000000001",
        part if part.starts_with('{') => "x",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_tunnel_exposes_what_the_edge_forwards_and_nothing_else() {
    let config = written(&[]).await;
    is_up_to_date("deploy/cloudflared/config.yml", &config);
    let rules = rules(&config);
    let exposed = [
        "/onboard/register",
        "/onboarding/register",
        "/onboard/status/{mobile}",
        "/onboarding/status/{mobile}",
        "/onboard/{onboarding_id}",
        "/onboard/{onboarding_id}/events",
        "/onboard/{onboarding_id}/cancel",
        "/sms/receive",
        "/sms/receive/{format}",
        "/receivers/heartbeat",
        "/status",
        "/readyz",
        "/edge/refusals",
        "/edge/blocklist",
    ];
    let description = serde_json::to_value(bridge_http::docs::openapi()).unwrap();
    let described: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    for path in &exposed {
        assert!(described.iter().any(|known| known == path), "{path} is no route");
    }
    for path in described {
        // Routes of the person's page are exposed as a whole.
        let expected = exposed.contains(&path.as_str())
            || path == "/v"
            || path.starts_with("/v/")
            || path == "/embed.js";
        assert_eq!(is_open(&rules, NAME, &sample(path)), expected, "{path}");
    }
    for route in ROUTES {
        assert!(!is_open(&rules, NAME, &sample(route.path)), "{}", route.path);
    }
    for (path, expected) in [
        ("/v", true),
        ("/v/0190a1b2.token", true),
        ("/v/0190a1b2.token/qr.svg", true),
        ("/embed.js", true),
        ("/sms/receive/", true),
        ("/sms/receive/twilio/", true),
        ("//sms/receive", true),
        ("//sms/receive/twilio", true),
        ("/sms/receive//twilio", true),
        ("//sms/import", false),
        ("//admin", false),
        ("//sms//receive", false),
        ("///sms/receive", false),
        ("/", false),
        ("/admin", false),
        ("/metrics", false),
        ("/docs/", false),
        ("/sms/import", false),
        ("/sms/receivers", false),
        ("/validated", false),
        ("/statuspage", false),
        ("/embedXjs", false),
        ("/edge/other", false),
        ("/onboard/", false),
        ("/onboard/../admin", false),
        ("/onboard/x/../../admin", false),
        ("/v/../admin", false),
        ("/v/x/../admin", false),
        ("/x/status", false),
    ] {
        assert_eq!(is_open(&rules, NAME, path), expected, "{path}");
    }
    assert!(!is_open(&rules, "other.example.org", "/status"), "another host name has nothing");
    assert_eq!(rules.last().map(|rule| (&rule.hostname, rule.path.is_none())), Some((&None, true)));
}

#[tokio::test]
async fn the_desk_is_exposed_behind_access_alone() {
    let desk = ["--desk-hostname", DESK, "--access-team", "team", "--access-audience", "aud0"];
    let config = written(&[&desk[..], &["--desk-service", "http://127.0.0.1:8081"]].concat()).await;
    let rules = rules(&config);
    for route in ROUTES {
        let rule = leads(&rules, DESK, &sample(route.path));
        assert_eq!(
            (rule.service.as_str(), rule.needs_access),
            ("http://127.0.0.1:8081", true),
            "{}",
            route.path
        );
        assert!(!is_open(&rules, NAME, &sample(route.path)), "{}", route.path);
    }
    for path in ["/status", "/sms/receive", "/metrics", "/administration"] {
        assert!(!is_open(&rules, DESK, path), "{path}");
    }
}

#[tokio::test]
async fn what_would_be_another_configuration_is_refused() {
    for wrong in [
        &["--hostname", "a b"][..],
        &["--hostname", "x'\n  - service: http://127.0.0.1:8080"],
        &["--service", "127.0.0.1:8080"],
        &["--service", "http://127.0.0.1:8080/admin"],
        &["--tunnel", ""],
        &["--desk-hostname", DESK],
        &["--desk-hostname", NAME, "--access-team", "team", "--access-audience", "aud0"],
    ] {
        let ended = run(bare(Path::new("/nonexistent"), &[&["tunnel"], wrong].concat())).await;
        assert_ne!(ended.code(), Some(0), "{wrong:?}");
        assert!(ended.stdout.is_empty(), "{wrong:?}");
    }
}

/// A file that is there may be somebody's own.
#[tokio::test]
async fn a_file_that_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yml");
    let ask = || run(bare(folder.path(), &["tunnel", "--out", file.to_str().unwrap()]));
    assert_eq!(ask().await.code(), Some(0));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("ingress:"));
    assert_eq!(ask().await.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
}
