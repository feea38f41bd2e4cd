//! E-mail to a real mail server (`aiosmtpd` of PyPI): plain, with STARTTLS, and encrypted from the beginning; with a password.
//! A server that hangs or lies about its name gets nothing.

use std::path::Path;
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::{Tls, legs, programs};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::harness::ADMIN_TOKEN;
use crate::process::{Process, command};

/// Takes e-mails and prints each as a line of JSON, behind the port that it listens on.
const SERVER: &str = r"
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
mode, certificate, key = sys.argv[1:]
context = None
if mode != 'plain':
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
class Keep:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({'to': envelope.rcpt_tos, 'from': envelope.mail_from, 'subject': mail['subject'],
            'id': mail['message-id'], 'text': mail.get_content(), 'tls': server.transport.get_extra_info('ssl_object') is not None,
            'login': str(session.auth_data)}), flush=True)
        return '250 kept'
def login(server, session, envelope, mechanism, data):
    right = data.login == b'bridge' and data.password == b'p:s w'
    return AuthResult(success=right, auth_data='bridge') if right else AuthResult(success=False, handled=False)
async def main():
    make = lambda: SMTP(Keep(), tls_context=context if mode == 'starttls' else None,
        require_starttls=mode == 'starttls', authenticator=login, auth_require_tls=mode == 'starttls',
        auth_required=mode != 'plain', hostname='mail.test')
    server = await asyncio.get_running_loop().create_server(make, '127.0.0.1', 0,
        ssl=context if mode == 'tls' else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
";

struct MailServer {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl MailServer {
    async fn start(folder: &Path, mode: &str) -> Option<MailServer> {
        let modules = programs::tools_folder().unwrap().join("notify/python");
        let python = if modules.is_dir() {
            programs::find("python3")
        } else {
            programs::find("the package aiosmtpd of PyPI")
        };
        let python = legs::or_skip("e-mail to a real mail server", python)?;
        let mut command = Command::new(python);
        command.env("PYTHONPATH", &modules).args(["-W", "ignore", "-c", SERVER, mode]);
        command.arg(folder.join("certificate.pem")).arg(folder.join("key.pem"));
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        Some(MailServer { _child: child, lines, port })
    }

    async fn mail(&mut self) -> Value {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

fn certificate() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::self_signed().unwrap();
    std::fs::write(folder.path().join("certificate.pem"), tls.certificate).unwrap();
    std::fs::write(folder.path().join("key.pem"), tls.key).unwrap();
    folder
}

/// A bridge that trusts what this machine is told to trust.
async fn bridge(data: &Path, folder: &Path) -> Process {
    let mut command = command(data, &[]);
    command.env("SMS_BRIDGE_WEBHOOK_ALLOW", "127.0.0.0/8");
    command.env("SSL_CERT_FILE", folder.join("certificate.pem"));
    Process::start_with(command).await.unwrap()
}

async fn tested(bridge: &Process, target: Value) -> Value {
    let added = bridge.ask(Method::POST, "/admin/notify", ADMIN_TOKEN, Some(target)).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let path = format!("/admin/notify/{}/test", added.text("id"));
    bridge.ask(Method::POST, &path, ADMIN_TOKEN, Some(json!({}))).await.body
}

#[tokio::test]
async fn a_real_mail_server_takes_what_is_told() {
    let (folder, data) = (certificate(), tempfile::tempdir().unwrap());
    let Some(mut plain) = MailServer::start(folder.path(), "plain").await else { return };
    let mut starttls = MailServer::start(folder.path(), "starttls").await.unwrap();
    let mut tls = MailServer::start(folder.path(), "tls").await.unwrap();
    let bridge = bridge(data.path(), folder.path()).await;

    let to = "office@example.com, Bürö <b@example.com>";
    let server = format!("127.0.0.1:{}", plain.port);
    let target = json!({"kind": "email", "to": to, "server": server, "security": "plain"});
    let answer = tested(&bridge, target).await;
    assert_eq!((&answer["delivered"], &answer["answer"]), (&json!(true), &json!("kept")), "{answer}");
    let mail = plain.mail().await;
    assert_eq!(mail["to"], json!(["office@example.com", "b@example.com"]));
    assert_eq!(
        (&mail["subject"], &mail["from"]),
        (&json!("SMS Bridge: a test"), &json!("office@example.com"))
    );

    for (mode, server) in [("starttls", &mut starttls), ("tls", &mut tls)] {
        let port = server.port;
        let target = |password: &str, name: &str| {
            json!({
                "kind": "email", "to": "office@example.com", "server": format!("{name}:{port}"),
                "security": mode, "user": "bridge", "password": password, "from": "bridge@example.com",
                "events": ["paused"],
            })
        };
        let answer = tested(&bridge, target("p:s w", "localhost")).await;
        assert_eq!(answer["delivered"], true, "{mode}: {answer}");
        let mail = server.mail().await;
        assert_eq!((&mail["tls"], &mail["login"]), (&json!(true), &json!("bridge")), "{mode}");
        let answer = tested(&bridge, target("wrong", "localhost")).await;
        assert_eq!(answer["delivered"], false, "{mode}: {answer}");
        assert!(!answer.to_string().contains("wrong\""), "{answer}");
        let answer = tested(&bridge, target("p:s w", "localhost.localdomain.invalid")).await;
        assert!(answer["error"].as_str().unwrap().contains("has no address"), "{answer}");
    }
    bridge.set("maintenance_mode", json!(true)).await;
    let mail = starttls.mail().await;
    assert_eq!(mail["subject"], "SMS Bridge: nobody can register");
    assert!(mail["text"].as_str().unwrap().contains("Nobody can register: maintenance_mode is on"), "{mail}");
    assert_eq!(plain.mail().await["subject"], "SMS Bridge: nobody can register");
    bridge.stop().await;
}

#[tokio::test]
async fn a_stranger_s_certificate_and_a_server_that_says_nothing_get_nothing() {
    let (folder, data, other) = (certificate(), tempfile::tempdir().unwrap(), certificate());
    let Some(stranger) = MailServer::start(other.path(), "tls").await else { return };
    let plain = MailServer::start(folder.path(), "plain").await.unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bridge = bridge(data.path(), folder.path()).await;
    let target = |port: u16, security: &str| {
        json!({
            "kind": "email", "to": "office@example.com", "server": format!("127.0.0.1:{port}"),
            "security": security, "user": "bridge", "password": "p:s w",
        })
    };
    for (port, security) in [
        (stranger.port, "tls"),
        // It cannot encrypt, and so is not told the password.
        (plain.port, "starttls"),
        (silent.local_addr().unwrap().port(), "tls"),
    ] {
        let answer = tested(&bridge, target(port, security)).await;
        assert_eq!(answer["delivered"], false, "{answer}");
        assert!(!answer.to_string().contains("p:s w"), "{answer}");
    }
    bridge.stop().await;
}
