//! `config`: what the bridge would start with, and where each value comes from. Changes nothing: the file is changed with
//! an editor, settings with `settings`.

use std::process::ExitCode;

use clap::{Arg, ArgMatches};
use serde_json::{Value, json};

use super::{BAD, DIM, MISCONFIGURED, WARN, plain};
use crate::config::Config;
use crate::config_file::{self, ConfigFile, Source};

/// What to do with the configuration.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Every value and whether a flag, the environment, the file or the default says it; secrets are not shown.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: Box<Config>,
    },
}

/// One line of what is shown.
struct Line {
    key: String,
    value: Option<String>,
    source: Source,
}

pub(super) fn run(args: &Args, matches: &ArgMatches, file: &ConfigFile) -> Result<ExitCode, String> {
    let Action::Show { json, config } = &args.action;
    let Some((_, matches)) = matches.subcommand() else { return Ok(ExitCode::SUCCESS) };
    let flags = config_file::flags();
    let lines: Vec<Line> = flags.get_arguments().filter_map(|flag| line(flag, matches, file)).collect();
    let mut config = config.clone();
    let mut problems = config.read_secret_files();
    problems.extend(config.problems());
    if *json {
        let values: serde_json::Map<String, Value> = lines
            .into_iter()
            .map(|line| (line.key, json!({"value": line.value, "source": told(&line.source)})))
            .collect();
        let path = file.path().map(|path| path.display().to_string());
        let all = json!({"file": path, "values": values, "problems": problems});
        anstream::println!("{}", plain::json(&all));
    } else {
        show(&lines, &problems, file);
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MISCONFIGURED) })
}

fn show(lines: &[Line], problems: &[String], file: &ConfigFile) {
    let mut table = super::table(&["key", "value", "from"]);
    for line in lines {
        let value = line.value.as_deref().map(plain::escaped).unwrap_or_default();
        table.add_row([line.key.as_str(), &value, &told(&line.source)]);
    }
    anstream::println!("{table}");
    match file.path() {
        Some(path) => anstream::println!("{DIM}file: {}{DIM:#}", path.display()),
        None => anstream::println!(
            "{DIM}no file: there is none at {}, and neither --config nor {} names one{DIM:#}",
            config_file::USUAL,
            config_file::VARIABLE
        ),
    }
    if file.tells_secrets() {
        anstream::println!(
            "{WARN}!{WARN:#} every account of this machine can read the secrets in it: chmod o-r it"
        );
    }
    for problem in problems {
        anstream::println!("{BAD}✘{BAD:#} {}", plain::escaped(problem));
    }
}

fn line(flag: &Arg, matches: &ArgMatches, file: &ConfigFile) -> Option<Line> {
    let key = config_file::key_of(flag)?;
    let given = matches.get_raw(flag.get_id().as_str()).into_iter().flatten();
    let values: Vec<String> = given.map(|value| value.to_string_lossy().into_owned()).collect();
    let secret = flag.is_hide_env_values_set();
    let value = (!values.is_empty()).then(|| values.join(","));
    let value = if secret { value.as_deref().map(masked) } else { value };
    Some(Line { key, value, source: file.source(flag, matches) })
}

/// What may be shown of a secret: that there is one, and of a URL everything but its password.
fn masked(value: &str) -> String {
    if !value.contains("://") {
        let is_a_word = value == crate::config::EMBEDDED;
        return if is_a_word { value.to_owned() } else { "••••••".to_owned() };
    }
    if let Some((before, after)) = value.split_once("+sentinel://") {
        // Several hosts: read as one, and put back.
        let (authority, path) = after.split_once('/').unwrap_or((after, ""));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = match user.split_once(':') {
            Some((user, _)) => format!("{user}:hidden@"),
            None if user.is_empty() => String::new(),
            None => format!("{user}@"),
        };
        let name = path.split(['?', '#']).next().unwrap_or_default();
        return format!("{before}+sentinel://{user}{hosts}/{name}");
    }
    let Ok(mut url) = reqwest::Url::parse(value) else { return "••••••".to_owned() };
    let has_password = url.password().is_some();
    // What follows may name a password, too.
    url.set_query(None);
    url.set_fragment(None);
    if has_password && url.set_password(Some("hidden")).is_err() {
        return "••••••".to_owned();
    }
    url.to_string()
}

fn told(source: &Source) -> String {
    match source {
        Source::Flag => "flag".to_owned(),
        Source::Environment(variable) => format!("environment {variable}"),
        Source::File(path, line) => format!("{}:{line}", path.display()),
        Source::Default => "default".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_holds_no_secret() {
        for (value, shown) in [
            ("embedded", "embedded"),
            ("a-good-long-random-text-0001", "••••••"),
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("redis://:hunter2@127.0.0.1:6379/1", "redis://:hidden@127.0.0.1:6379/1"),
            (
                "redis+sentinel://b:hunter2@a:1,b:2/mymaster/0?sentinel_password=hunter2",
                "redis+sentinel://b:hidden@a:1,b:2/mymaster/0",
            ),
            ("rediss+sentinel://a:1,b:2/mymaster", "rediss+sentinel://a:1,b:2/mymaster"),
            ("postgres://bridge:hunter2@db/sms?password=hunter2", "postgres://bridge:hidden@db/sms"),
            ("postgres://bridge:hunter2@db:x/sms", "••••••"),
        ] {
            assert_eq!(masked(value), shown);
        }
    }
}
