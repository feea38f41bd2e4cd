//! `notify`: who is told when something is wrong, from a shell. Each way of telling is a command below `add`, with what that
//! way needs.

use std::path::PathBuf;
use std::process::ExitCode;

use bridge_app::state::notify::ways::{self, Field, Way};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches, value_parser};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BAD, BOLD, DIM, GOOD};
use crate::secret_file;

/// What to do with those who are told.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Tell somebody, by one of these ways.
    Add {
        #[command(subcommand)]
        addition: Addition,
    },
    /// Everybody who is told, and how that goes.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Tell somebody nothing any more.
    Remove {
        /// Its id, from the list.
        id: String,
        #[command(flatten)]
        which: Which,
    },
    /// Tell somebody a test now, and show what came back.
    Test {
        /// Its id, from the list.
        id: String,
        #[command(flatten)]
        which: Which,
    },
}

/// What every way has.
#[derive(clap::Args, Clone, Debug)]
struct Common {
    /// Who that is, in your words.
    #[arg(long, default_value = "", value_name = "TEXT")]
    name: String,
    /// Only of these troubles, like paused; several with commas or again. Without any: all.
    #[arg(long = "event", value_delimiter = ',', value_name = "EVENT")]
    events: Vec<String>,
    /// When only the worst is told, by the clock of the office (setting time_zone), like 22:00-07:00.
    #[arg(long, default_value = "", value_name = "HOURS")]
    quiet: String,
    #[command(flatten)]
    which: Which,
}

/// Somebody to tell, by one way.
#[derive(Clone, Debug)]
struct Addition {
    way: &'static Way,
    /// What was given of its fields, and the files that secrets are in.
    given: Vec<(&'static Field, Option<String>, Option<PathBuf>)>,
    common: Common,
}

/// A file for a secret: a command line can be read by everybody on the machine.
fn file_of(field: &Field) -> String {
    format!("{}-file", field.name)
}

fn command(way: &'static Way) -> Command {
    let command = Command::new(way.word).about(way.about);
    let command = way.fields.iter().enumerate().fold(command, |command, (place, field)| {
        let help = if field.example.is_empty() || field.is_secret {
            field.help.to_owned()
        } else {
            format!("{} Like {}", field.help, field.example)
        };
        let arg = Arg::new(field.name).help(help).value_name(field.name.to_uppercase());
        // What every use needs stands first and alone.
        let arg = if place == 0 {
            arg.required(true).allow_negative_numbers(true)
        } else {
            arg.long(field.name).required(field.is_required && !field.is_secret)
        };
        let arg = if field.choices.is_empty() { arg } else { arg.value_parser(field.choices.to_vec()) };
        let command = command.arg(arg);
        if place == 0 || !field.is_secret {
            return command;
        }
        let file = Arg::new(file_of(field))
            .long(file_of(field))
            .help("A file with it: a command line can be read by everybody on the machine.")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf));
        command.arg(file)
    });
    Common::augment_args(command)
}

impl clap::Subcommand for Addition {
    fn augment_subcommands(command_line: Command) -> Command {
        command_line.subcommands(ways::ALL.iter().map(command)).subcommand_required(true)
    }

    fn augment_subcommands_for_update(command_line: Command) -> Command {
        Self::augment_subcommands(command_line)
    }

    fn has_subcommand(name: &str) -> bool {
        ways::named(name).is_some()
    }
}

impl FromArgMatches for Addition {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Addition, clap::Error> {
        let missing = || clap::Error::new(ErrorKind::MissingSubcommand);
        let (word, matches) = matches.subcommand().ok_or_else(missing)?;
        let way = ways::named(word).ok_or_else(missing)?;
        let given = way.fields.iter().enumerate().map(|(place, field)| {
            let file = if place > 0 && field.is_secret {
                matches.get_one::<PathBuf>(&file_of(field)).cloned()
            } else {
                None
            };
            (field, matches.get_one::<String>(field.name).cloned(), file)
        });
        Ok(Addition { way, given: given.collect(), common: Common::from_arg_matches(matches)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Addition::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Addition {
    fn body(&self) -> Result<Value, String> {
        let Common { name, events, quiet, .. } = &self.common;
        let mut body = Map::new();
        body.insert("kind".to_owned(), json!(self.way.word));
        body.insert("name".to_owned(), json!(name));
        body.insert("events".to_owned(), json!(events));
        body.insert("quiet".to_owned(), json!(quiet));
        for (field, given, file) in &self.given {
            let flag = format!("--{}", field.name);
            if let Some(text) = secret_file::one(&flag, given.as_deref(), file.as_deref())? {
                body.insert(field.name.to_owned(), json!(text));
            }
        }
        Ok(Value::Object(body))
    }
}

impl Action {
    fn which(&self) -> &Which {
        match self {
            Action::Add { addition } => &addition.common.which,
            Action::List { which } | Action::Remove { which, .. } | Action::Test { which, .. } => which,
        }
    }

    /// What the bridge is asked.
    fn request(&self) -> Result<(Method, String, Option<Value>), String> {
        let path = |id: &str, rest: &str| {
            let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
            format!("/admin/notify/{id}{rest}")
        };
        Ok(match self {
            Action::Add { addition } => (Method::POST, "/admin/notify".to_owned(), Some(addition.body()?)),
            Action::List { .. } => (Method::GET, "/admin/notify".to_owned(), None),
            Action::Remove { id, .. } => (Method::DELETE, path(id, ""), None),
            Action::Test { id, .. } => (Method::POST, path(id, "/test"), None),
        })
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = args.action.which();
    let (method, path, body) = args.action.request()?;
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = bridge.client.get(method, &path, body.as_ref()).await;
        bridge.leave().await;
        answer
    })?;
    let is_refused = matches!(args.action, Action::Test { .. }) && answer["delivered"] != true;
    let code = if is_refused { ExitCode::from(super::FAILED) } else { ExitCode::SUCCESS };
    if which.json {
        let removed = json!({"removed": true});
        let is_removal = matches!(args.action, Action::Remove { .. });
        anstream::println!("{}", plain::json(if is_removal { &removed } else { &answer }));
        return Ok(code);
    }
    match &args.action {
        Action::Add { .. } => {
            let to = plain::escaped(text(&answer, "to"));
            let id = text(&answer, "id");
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{to}{BOLD:#} is told when something is wrong");
            anstream::println!("  id    {id}");
            anstream::println!("  {DIM}try it: sms-bridge notify test {id}{DIM:#}");
        }
        Action::List { .. } => list(&answer),
        Action::Remove { id, .. } => {
            let id = plain::escaped(id);
            anstream::println!("{GOOD}✔{GOOD:#} {BOLD}{id}{BOLD:#} is told nothing any more");
        }
        Action::Test { .. } => tested(&answer),
    }
    Ok(code)
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!(
            "{DIM}nobody is told anything: sms-bridge notify add ntfy https://ntfy.sh/…{DIM:#}"
        );
        return;
    }
    let mut table = super::table(&["id", "kind", "to", "name", "of", "quiet", "state"]);
    for item in &items {
        let events: Vec<&str> =
            item["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let state = match (item["enabled"] == true, item["error"].as_str()) {
            (false, _) => "off".to_owned(),
            (true, Some(error)) => {
                format!("failing since {}: {}", text(item, "failing_since"), plain::escaped(error))
            }
            (true, None) => "on".to_owned(),
        };
        table.add_row([
            text(item, "id"),
            text(item, "kind"),
            &plain::escaped(text(item, "to")),
            &plain::escaped(text(item, "name")),
            &events.join(" "),
            text(item, "quiet"),
            &state,
        ]);
    }
    anstream::println!("{table}");
}

fn tested(answer: &Value) {
    let took = &answer["took_ms"];
    if answer["delivered"] == true {
        anstream::println!("{GOOD}✔{GOOD:#} it was taken after {took} ms: look whether it came");
    } else {
        let why = plain::escaped(text(answer, "error"));
        anstream::println!("{BAD}✘{BAD:#} it was not taken: {why} (after {took} ms)");
    }
    let said = text(answer, "answer");
    if !said.is_empty() {
        anstream::println!("{DIM}{}{DIM:#}", plain::escaped_lines(said));
    }
}
