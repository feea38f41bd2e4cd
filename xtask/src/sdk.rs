//! For those who build an app: the tests of `sdk/js` and the examples of docs/integrate.md as they stand there, against a
//! sandbox of the real program. Also builds the SDK, which the example app needs. Not the tests: those are in `sdk/js/test`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use test_servers::{legs, programs};

use crate::bench::server::{API_KEY, Server};
use crate::npm::{self, npm};
use crate::pass_through::pass_through;
use crate::tally::Tally;
use crate::{Outcome, workspace};

const FOLDER: &str = "sdk/js";
const DOCUMENT: &str = "docs/integrate.md";
/// No test of the SDK says nothing for so long unless it hangs.
const SILENCE: Duration = Duration::from_mins(2);
/// What each example says at its end.
const END: &str = "validated";

/// A part of the step `api`.
pub(crate) fn step(tally: &mut Tally) -> Outcome {
    let folder = workspace::root().join(FOLDER);
    match npm::install(&folder) {
        Ok(()) => {}
        Err(why) if legs::every_leg_must_run() => {
            return Err(format!("the SDK must be tested where CI is set: {why}").into());
        }
        Err(why) => {
            println!("SKIPPED the SDK: {why}");
            return Ok(());
        }
    }
    let ground = tempfile::tempdir()?;
    let sandbox = [("SMS_BRIDGE_SANDBOX", "true".to_owned())];
    let server = Server::start(&workspace::built_by_tests()?, &ground.path().join("data"), &sandbox)?;
    let url = format!("http://{}", server.addr());
    let mut test = npm(&folder)?;
    test.args(["test", "--silent"]).env("BRIDGE_URL", &url).env("API_KEY", API_KEY);
    pass_through(&mut test, &mut std::io::stdout(), tally, SILENCE)?;
    let document = std::fs::read_to_string(workspace::root().join(DOCUMENT))?;
    for example in EXAMPLES {
        let work = ground.path().join(example.language);
        std::fs::create_dir(&work)?;
        let text = written(&document, example.language)?;
        std::fs::write(work.join(example.file), text)?;
        let mut run = (example.command)(&work)?;
        run.current_dir(&work).env("BRIDGE_URL", &url).env("API_KEY", API_KEY);
        let output = run.stderr(Stdio::inherit()).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !said.trim_end().ends_with(END) {
            let what =
                format!("the example in {} of {DOCUMENT} ended otherwise than {END}", example.language);
            return Err(format!("{what} ({}):\n{said}", output.status).into());
        }
        println!("the example in {} of {DOCUMENT}: {END}", example.language);
    }
    server.stop()
}

/// Builds what the example app imports.
pub(crate) fn build() -> Outcome {
    let folder = workspace::root().join(FOLDER);
    npm::install(&folder)?;
    workspace::run(npm(&folder)?.args(["run", "build", "--silent"]).stdout(Stdio::null()))
}

/// An example of the document.
struct Example {
    /// The word behind its three backticks.
    language: &'static str,
    file: &'static str,
    /// What makes a program of it and runs it in that folder.
    command: fn(&Path) -> Outcome<Command>,
}

const EXAMPLES: &[Example] = &[
    Example { language: "sh", file: "example.sh", command: |_| Ok(program("sh", &["-eu", "example.sh"])) },
    Example { language: "ts", file: "example.ts", command: typescript },
    Example { language: "python", file: "example.py", command: |_| Ok(program("python3", &["example.py"])) },
];

fn program(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(args);
    command
}

/// Compiled as strictly as the SDK itself.
fn typescript(work: &Path) -> Outcome<Command> {
    let folder = workspace::root().join(FOLDER);
    let modules = folder.join("node_modules");
    std::fs::create_dir(work.join("node_modules"))?;
    for (name, at) in [("sms-bridge-client", folder.clone()), ("@types", modules.join("@types"))] {
        std::os::unix::fs::symlink(at, work.join("node_modules").join(name))?;
    }
    std::fs::write(work.join("package.json"), r#"{"type":"module"}"#)?;
    let node = programs::find("node")?;
    let mut compile = Command::new(&node);
    compile.current_dir(work).arg(modules.join("typescript/bin/tsc"));
    compile.args(["--strict", "--module", "nodenext", "--target", "es2022", "example.ts"]);
    workspace::run(&mut compile)?;
    let mut run = Command::new(node);
    run.arg("example.js");
    Ok(run)
}

/// The first example in that language behind the heading that begins the examples.
fn written<'a>(document: &'a str, language: &str) -> Outcome<&'a str> {
    let lacks = || format!("{DOCUMENT} has no example in {language}");
    let (_, examples) = document.split_once("\n## Register and follow\n").ok_or_else(lacks)?;
    let (_, rest) = examples.split_once(&format!("\n```{language}\n")).ok_or_else(lacks)?;
    Ok(rest.split_once("\n```").ok_or_else(lacks)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_example() {
        let document = std::fs::read_to_string(workspace::root().join(DOCUMENT)).unwrap();
        for example in EXAMPLES {
            assert!(written(&document, example.language).unwrap().contains("+15005550000"));
        }
    }
}
