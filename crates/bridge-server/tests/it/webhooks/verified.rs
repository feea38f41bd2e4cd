//! The examples of docs/webhooks.md as they stand there, with the packages `standardwebhooks` of npm and PyPI: they believe
//! what the bridge sends, and nothing that is signed with another secret.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use bridge_app::base::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::{legs, programs};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{ALICE, LOOPBACK, until};
use crate::harness::Bridge;

const DOCUMENT: &str = include_str!("../../../../../docs/webhooks.md");

/// The example in that language.
fn example(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// An example that runs.
struct Example {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl Example {
    async fn start(mut command: Command, secret: &str) -> Example {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        command.env("WEBHOOK_SECRET", secret).env("PORT", port.to_string()).kill_on_drop(true);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        until("the example listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
        Example { _child: child, lines, url: format!("http://127.0.0.1:{port}/hooks") }
    }

    async fn says(&mut self) -> String {
        self.lines.next_line().await.unwrap().unwrap()
    }
}

/// The one in TypeScript, as the compiler makes a program of it.
fn typescript(folder: &TempDir) -> Option<Box<dyn Fn() -> Command>> {
    let tools = programs::tools_folder().unwrap();
    let (modules, compiler) =
        (tools.join("webhooks/node_modules"), tools.join("client/node_modules/typescript"));
    let there = modules.is_dir() && compiler.is_dir();
    let node =
        if there { programs::find("node") } else { programs::find("the package standardwebhooks of npm") };
    let node = legs::or_skip("webhooks verified in TypeScript", node)?;
    std::os::unix::fs::symlink(&modules, folder.path().join("node_modules")).unwrap();
    let (source, program) = (folder.path().join("hooks.ts"), folder.path().join("hooks.mjs"));
    std::fs::write(&source, example("ts")).unwrap();
    let compile = "const [ts, from, to] = process.argv.slice(1); const fs = require('fs');
        const options = { module: 99, target: 9 };
        const made = require(ts).transpileModule(fs.readFileSync(from, 'utf8'), { compilerOptions: options });
        fs.writeFileSync(to, made.outputText);";
    let made =
        std::process::Command::new(&node).args(["-e", compile]).args([&compiler, &source, &program]).status();
    assert!(made.unwrap().success());
    Some(Box::new(move || {
        let mut command = Command::new(&node);
        command.arg(&program);
        command
    }))
}

fn python(folder: &TempDir) -> Option<Box<dyn Fn() -> Command>> {
    let modules = programs::tools_folder().unwrap().join("webhooks/python");
    let python = if modules.is_dir() {
        programs::find("python3")
    } else {
        programs::find("the package standardwebhooks of PyPI")
    };
    let python = legs::or_skip("webhooks verified in Python", python)?;
    let program = folder.path().join("hooks.py");
    std::fs::write(&program, example("python")).unwrap();
    Some(Box::new(move || {
        let mut command = Command::new(&python);
        command.env("PYTHONPATH", &modules).arg(&program);
        command
    }))
}

/// Not a standing clock: the packages look at the time themselves.
async fn bridge(folder: &Path) -> Bridge {
    let data = Arc::new(tempfile::tempdir_in(folder).unwrap());
    Bridge::start_on(data, Clock::system(), &LOOPBACK).await
}

async fn believes(make: impl Fn() -> Command, folder: &TempDir) {
    let bridge = bridge(folder.path()).await;
    // The secret is known only once the webhook is there.
    let (id, secret) = bridge.webhook("https://app.example/", &["onboarding.validated"]).await;
    let path = format!("/admin/webhooks/{id}");
    let mut example = Example::start(make(), &secret).await;
    let changed = bridge.ask(Method::PATCH, &path, &json!({"url": example.url})).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let tested = bridge.ask(Method::POST, &format!("{path}/test"), &json!({})).await;
    assert_eq!(
        (&tested.body["delivered"], &tested.body["status"]),
        (&json!(true), &json!(204)),
        "{}",
        tested.body
    );
    assert_eq!(example.says().await.trim(), "webhook.test");
    let alice = bridge.registered(ALICE).await;
    bridge.deliver(&bridge.right_sms(ALICE, &alice)).await;
    assert_eq!(example.says().await, format!("onboarding.validated {ALICE}"));
    // While a secret is rotated, whoever has the old one still believes it; a stranger does not.
    bridge.ask(Method::POST, &format!("{path}/rotate"), &json!({})).await;
    let tested = bridge.ask(Method::POST, &format!("{path}/test"), &json!({})).await;
    assert_eq!(tested.body["delivered"], true, "{}", tested.body);
    let stranger = Example::start(make(), "whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhlIGJyaWRnZQ==").await;
    bridge.ask(Method::PATCH, &path, &json!({"url": stranger.url})).await;
    let refused = bridge.ask(Method::POST, &format!("{path}/test"), &json!({})).await;
    assert_eq!((&refused.body["delivered"], &refused.body["status"]), (&json!(false), &json!(400)));
    let _: Value = refused.body;
    bridge.stop().await;
}

#[tokio::test]
async fn the_example_in_typescript_believes_the_bridge_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(make) = typescript(&folder) {
        believes(make, &folder).await;
    }
}

#[tokio::test]
async fn the_example_in_python_believes_the_bridge_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(make) = python(&folder) {
        believes(make, &folder).await;
    }
}
