//! `tunnel`: writes the configuration of cloudflared, which exposes exactly what an edge forwards and asks itself, and
//! nothing else. Not cloudflared: that is Cloudflare's own program, and docs/edge.md says how to get it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{GOOD, plain};

/// What the tunnel lets through, as regular expressions over the path, and why. No segment begins with a dot: `..` leads
/// nowhere. Two slashes are let through where the bridge reads them as one. The list of the edge itself is edge/src/routes.ts.
const EXPOSED: &[(&str, &str)] = &[
    (r"^/(onboard|onboarding)/[^/.][^/]*(/[^/.][^/]*)?$", "register, status, events, cancel"),
    (r"^/v(/[^/.][^/]*){0,2}/?$", "the person's page"),
    (r"^/embed\.js$", "the person's page inside another"),
    (r"^/status$", "may a user begin now?"),
    (r"^//?sms/receive(//?[^/.][^/]*)?/?$", "phones, modems and providers hand in SMS"),
    (r"^/receivers/heartbeat$", "a receiver says that it lives"),
    (r"^/readyz$", "the edge looks whether the bridge is up"),
    (r"^/edge/(refusals|blocklist)$", "what the edge asks, signed"),
];

/// For which names.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The host name that the edge forwards to: its BRIDGE_URL.
    #[arg(long, default_value = "bridge.example.org", value_name = "NAME")]
    hostname: String,
    /// The tunnel's name or id, as `cloudflared tunnel create` says it.
    #[arg(long, default_value = "sms-bridge", value_name = "TUNNEL")]
    tunnel: String,
    /// The credentials file that it wrote.
    #[arg(long, default_value = "/etc/cloudflared/sms-bridge.json", value_name = "FILE")]
    credentials_file: PathBuf,
    /// Where the bridge listens.
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    service: String,
    /// A second host name for the desk. Only behind Cloudflare Access.
    #[arg(long, value_name = "NAME", requires_all = ["access_team", "access_audience"])]
    desk_hostname: Option<String>,
    /// Where the desk listens, if not there: SMS_BRIDGE_PRIVATE_BIND.
    #[arg(long, value_name = "URL", requires = "desk_hostname")]
    desk_service: Option<String>,
    /// The team name of Cloudflare Access: cloudflared itself refuses whoever did not pass it.
    #[arg(long, value_name = "TEAM")]
    access_team: Option<String>,
    /// The audience tag of the Access application.
    #[arg(long, value_name = "TAG")]
    access_audience: Option<String>,
    /// Write it to this file; printed when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    args.wrong()?;
    let text = args.config();
    let Some(file) = &args.out else {
        anstream::print!("{text}");
        return Ok(ExitCode::SUCCESS);
    };
    // One that is there may be somebody's own.
    let mut options = std::fs::File::options();
    let written =
        options.write(true).create_new(true).open(file).and_then(|mut new| new.write_all(text.as_bytes()));
    written.map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    anstream::println!(
        "{GOOD}✔{GOOD:#} {} is written: start `cloudflared tunnel --config {} run`",
        plain::escaped_lines(&file.display().to_string()),
        plain::escaped_lines(&file.display().to_string())
    );
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// What would not be YAML, or no address.
    fn wrong(&self) -> Result<(), String> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        let names = [
            ("--hostname", Some(&self.hostname)),
            ("--tunnel", Some(&self.tunnel)),
            ("--desk-hostname", self.desk_hostname.as_ref()),
            ("--access-team", self.access_team.as_ref()),
            ("--access-audience", self.access_audience.as_ref()),
        ];
        for (flag, name) in names {
            if name.is_some_and(|name| !is_name(name)) {
                return Err(format!("{flag} must be a name of letters, digits, dots and hyphens"));
            }
        }
        if self.desk_hostname.as_ref() == Some(&self.hostname) {
            return Err(
                "--desk-hostname must be another name than --hostname: the edge's own is open to all"
                    .to_owned(),
            );
        }
        for (flag, url) in
            [("--service", Some(&self.service)), ("--desk-service", self.desk_service.as_ref())]
        {
            let is_url = |url: &String| {
                reqwest::Url::parse(url)
                    .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/")
                    && !url.contains(['\'', '\n', ' '])
            };
            if url.is_some_and(|url| !is_url(url)) {
                return Err(format!("{flag} must be like http://127.0.0.1:8080"));
            }
        }
        if self.credentials_file.to_str().is_none_or(|file| file.contains(['\'', '\n'])) {
            return Err("--credentials-file must be a plain path".to_owned());
        }
        Ok(())
    }

    fn config(&self) -> String {
        let Args { hostname, tunnel, service, .. } = self;
        let credentials = self.credentials_file.display();
        let mut text = format!(
            "# cloudflared in front of SMS Bridge, as `sms-bridge tunnel` writes it (docs/edge.md). The first rule that fits\n\
             # counts; whatever is not here does not exist outside: no desk, no metrics, no import.\n\
             tunnel: '{tunnel}'\n\
             credentials-file: '{credentials}'\n\
             # A bridge that is away is told at once, not after half a minute.\n\
             originRequest:\n  connectTimeout: 3s\n  noHappyEyeballs: true\n\
             ingress:\n"
        );
        for (path, about) in EXPOSED {
            text += &format!(
                "  # {about}\n  - hostname: '{hostname}'\n    path: '{path}'\n    service: '{service}'\n"
            );
        }
        if let (Some(desk), Some(team), Some(audience)) =
            (&self.desk_hostname, &self.access_team, &self.access_audience)
        {
            let service = self.desk_service.as_ref().unwrap_or(service);
            text += &format!(
                "  # the desk: only for whom Cloudflare Access let in, which cloudflared checks by itself\n\
                 \x20 - hostname: '{desk}'\n    path: '^/admin(/.*)?$'\n    service: '{service}'\n\
                 \x20   originRequest:\n      access:\n        required: true\n        teamName: '{team}'\n        audTag: ['{audience}']\n"
            );
        }
        text + "  - service: http_status:404\n"
    }
}
