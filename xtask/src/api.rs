//! The API's description in the hands of others: a validator, generators of clients, promtool, and schemathesis, each against
//! the real program. Not what a route answers: that is tested in the crates.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_servers::{legs, programs};

use crate::bench::server::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY, Server};
use crate::{Outcome, tools, workspace};

/// The same requests in every run.
const SEED: &str = "20261130";
const SECONDS: &str = "90";
/// What follows an endless stream, or calls an address that a request made up.
const NOT_ASKED: &str = "(/events|/pull)$";
/// Where a schema says less than the bridge asks, and a request that it allows may be refused for that: with these statuses
/// too, and why. Every other check of schemathesis holds there as everywhere.
const REFUSED_ALL_THE_SAME: &[(&str, &[&str], &str)] = &[
    (
        "\\{(mobile|address)\\}|^/(onboard|onboarding)/register$|^/admin/(blacklist|erasures|receivers|sms)$",
        &["400"],
        "A number or an address is any text in which people write one: a pattern would refuse an honest spelling.",
    ),
    (
        "^/admin/(blocked-emails|lab/sms|log|onboardings|registration-attempts|sms/search|sync/replay|validated\
         |webhooks/\\{id\\}/(deliveries|replay))$",
        &["400"],
        "A time is RFC 3339 or epoch, as people copy it; `before` and ids are what an answer before said.",
    ),
    (
        "^/admin/((accounts|notify|receivers|webhooks)(/\\{(id|name)\\}(/(link|rotate|test))?)?|api-keys\
         |lab/(forward|list|presets/\\{name\\})|settings|settings/dry-run|sms/\\{sms_id\\}/(accept|rejudge))$",
        &["400"],
        "Rules between fields, and what is there: which way has which fields, which addresses may be reached, which \
         settings there are, what is a good password, what may be the name of an account.",
    ),
    ("^/admin/settings/\\{key\\}$", &["422"], "What a value may be is for its setting to say."),
    (
        "^/receivers/heartbeat$|^/sms/(import|receive)$",
        &["400"],
        "Bodies are those of twenty-eight apps and providers: a schema of each would be another reader.",
    ),
    ("^/sms/receive/\\{format\\}$", &["400", "405"], "The same, and only some of them deliver with GET."),
];
/// Bodies are not tried with wrong types: a number where a text is due is read as that text, as phone apps and scripts write
/// one, so what schemathesis takes for a wrong type is none. What is really wrong is named field by field, in tests of our
/// own (`bad_input`). Paths and queries are tried.
const BODIES: &str = "[\"POST\", \"PUT\", \"PATCH\"]";
/// Those that are no fault of anybody, whatever the request.
const NO_FAULT: [&str; 8] = ["2xx", "3xx", "401", "403", "404", "409", "429", "5xx"];
/// Whose key each part of the API takes.
const KEYS: [(&str, &str); 3] = [
    ("^/(onboard|onboarding)/", API_KEY),
    ("^/(sms|receivers)/", RECEIVER_KEY),
    ("^/(admin|metrics)", ADMIN_TOKEN),
];

/// A bridge of its own, in a folder that goes with it.
struct Ground {
    server: Server,
    folder: tempfile::TempDir,
}

impl Ground {
    fn start() -> Outcome<Ground> {
        let binary = workspace::built_by_tests()?;
        let folder = tempfile::tempdir()?;
        let server = Server::start(&binary, &folder.path().join("data"), &[])?;
        Ok(Ground { server, folder })
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.addr())
    }
}

fn description() -> PathBuf {
    workspace::root().join("openapi.json")
}

/// A folder of the folder of tools, or why the leg cannot run. None: it says that it is skipped.
fn tool(place: &str) -> Outcome<Option<PathBuf>> {
    let found = programs::tools_folder().map(|folder| folder.join(place)).filter(|folder| folder.is_dir());
    if found.is_none() {
        skipped(&format!("{place} is not here; `cargo xtask test --only tools` provides it"))?;
    }
    Ok(found)
}

fn skipped(why: &str) -> Outcome {
    if legs::every_leg_must_run() {
        return Err(why.into());
    }
    println!("SKIPPED: {why}");
    Ok(())
}

fn python(modules: &Path, program: &str) -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", modules).arg(modules.join("bin").join(program));
    command
}

/// A step of `cargo xtask test`: the description is valid, clients are made of it and play one user, and promtool has nothing
/// to say.
pub(crate) fn readers() -> Outcome {
    let ground = Ground::start()?;
    if let Some(modules) = tool(tools::PYTHON_MODULES)? {
        workspace::run(python(&modules, "openapi-spec-validator").arg(description()))?;
        python_client(&ground, &modules)?;
    }
    if let Some(modules) = tool(tools::CLIENT_MODULES)? {
        typescript_client(&ground, &modules)?;
    }
    promtool(&ground)?;
    ground.server.stop()
}

fn played(command: &mut Command, ground: &Ground) -> Outcome {
    let keys =
        command.env("BRIDGE_URL", ground.url()).env("API_KEY", API_KEY).env("RECEIVER_KEY", RECEIVER_KEY);
    workspace::run(keys)
}

fn python_client(ground: &Ground, modules: &Path) -> Outcome {
    let client = ground.folder.path().join("python/sms_bridge");
    let mut generate = python(modules, "openapi-python-client");
    generate.args(["generate", "--meta", "none", "--overwrite", "--path"]);
    // Its formatter lies beside it.
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([modules.join("bin")].into_iter().chain(std::env::split_paths(&paths)))?;
    workspace::run(generate.arg(description()).arg("--output-path").arg(&client).env("PATH", path))?;
    workspace::run(Command::new("python3").args(["-m", "compileall", "-q"]).arg(&client))?;
    let generated = client.parent().unwrap_or(&client);
    let both = std::env::join_paths([generated, modules])?;
    let mut play = Command::new("python3");
    play.env("PYTHONPATH", both).arg(workspace::root().join("xtask/tools/python/one_user.py"));
    played(&mut play, ground)
}

fn typescript_client(ground: &Ground, modules: &Path) -> Outcome {
    let folder = ground.folder.path().join("typescript");
    std::fs::create_dir(&folder)?;
    std::os::unix::fs::symlink(modules, folder.join("node_modules"))?;
    std::fs::write(folder.join("package.json"), r#"{"type":"module"}"#)?;
    std::fs::copy(workspace::root().join("xtask/tools/typescript/one_user.ts"), folder.join("one_user.ts"))?;
    let node = programs::find("node")?;
    let run = |program: &str| {
        let mut command = Command::new(&node);
        command.current_dir(&folder).arg(modules.join(program));
        command
    };
    let mut generate = run("openapi-typescript/bin/cli.js");
    workspace::run(generate.arg(description()).args(["--output", "schema.d.ts"]).stdout(Stdio::null()))?;
    let strict = ["--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"];
    workspace::run(run("typescript/bin/tsc").args(strict).arg("one_user.ts"))?;
    played(Command::new(&node).current_dir(&folder).arg("one_user.js"), ground)
}

fn promtool(ground: &Ground) -> Outcome {
    let promtool = match programs::find("promtool") {
        Ok(promtool) => promtool,
        Err(why) => return skipped(&why.to_string()),
    };
    let metrics = ground.folder.path().join("metrics.txt");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::fs::write(&metrics, runtime.block_on(crate::bench::requests::metrics(ground.server.addr()))?)?;
    workspace::run(Command::new(promtool).args(["check", "metrics"]).stdin(std::fs::File::open(metrics)?))
}

/// Keys, and the few operations where a check does not fit.
fn config() -> Result<String, std::fmt::Error> {
    let mut config = String::new();
    for (paths, key) in KEYS {
        writeln!(
            config,
            "[[operations]]\ninclude-path-regex = \"{paths}\"\nheaders = {{ Authorization = \"Bearer {key}\" }}\n"
        )?;
    }
    for (paths, statuses, why) in REFUSED_ALL_THE_SAME {
        let statuses: Vec<&str> = NO_FAULT.iter().chain(*statuses).copied().collect();
        writeln!(
            config,
            "# {why}\n[[operations]]\ninclude-path-regex = '{paths}'\n\
             checks.positive_data_acceptance.expected-statuses = {statuses:?}\n"
        )?;
    }
    writeln!(
        config,
        "[[operations]]\ninclude-method = {BODIES}\nchecks.negative_data_rejection.enabled = false\n"
    )?;
    Ok(config)
}

/// A step of `cargo xtask test`: requests made of the description by schemathesis, which looks at every answer.
pub(crate) fn schemathesis() -> Outcome {
    let Some(modules) = tool(tools::PYTHON_MODULES)? else { return Ok(()) };
    let ground = Ground::start()?;
    let file = ground.folder.path().join("schemathesis.toml");
    std::fs::write(&file, config()?)?;
    let mut run = python(&modules, "st");
    run.current_dir(ground.folder.path()).arg("--config-file").arg(file).arg("run");
    run.arg(format!("{}/openapi.json", ground.url()));
    run.args(["--max-time", SECONDS, "--seed", SEED, "--phases", "examples,coverage,fuzzing"]);
    run.args(["--exclude-path-regex", NOT_ASKED]);
    run.args(["--workers", "2", "--request-timeout", "10", "--no-color", "--warnings", "off"]);
    workspace::run(&mut run)?;
    ground.server.stop()
}
