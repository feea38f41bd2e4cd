//! `cargo xtask dist`: everything that is published, into one folder: a Debian package, a tar.gz, the parts list (SBOM), the
//! licences, and the sums of them all. Built twice from one commit, every byte is the same. Not how it is published.

mod archive;
mod licences;
mod parts;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, tools, workspace};

/// Where to.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder that gets everything; target/dist-files when not given
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Build quickly and large, to try the package itself
    #[arg(long)]
    quick: bool,
}

/// One build: of what, when, and where its parts are.
struct Build {
    version: String,
    /// Seconds since 1970 of the commit: the time of every file.
    time: u64,
    profile: &'static str,
    target: PathBuf,
    out: PathBuf,
    /// Man pages and completions, made by the program itself.
    extras: PathBuf,
}

/// Makes it and names what it made.
pub(crate) fn run(args: &Args) -> Outcome {
    let target = workspace::metadata()?.target_directory;
    let out = args.out.clone().unwrap_or_else(|| target.join("dist-files"));
    for made in make(&target, &out, args.quick)? {
        println!("{}", made.display());
    }
    Ok(())
}

/// Makes everything in `out`, which is emptied first.
pub(crate) fn make(target: &Path, out: &Path, quick: bool) -> Outcome<Vec<PathBuf>> {
    for tool in ["bin/cargo-deb", "bin/cargo-cyclonedx"] {
        tools::provide_named(tool)?;
    }
    if out.exists() {
        std::fs::remove_dir_all(out)?;
    }
    std::fs::create_dir_all(out)?;
    let build = Build {
        version: version()?,
        time: said("git", &["log", "-1", "--format=%ct"])?.parse()?,
        profile: if quick { "release" } else { "dist" },
        target: target.to_owned(),
        out: out.to_owned(),
        extras: target.join("dist-extras"),
    };
    build.program()?;
    build.extras()?;
    licences::write(&build.extras.join("LICENCES.txt"))?;
    build.package()?;
    let name = build.name();
    archive::pack(&out.join(format!("{name}.tar.gz")), &name, &build.files()?, build.time)?;
    parts::write(&out.join(format!("{name}.cdx.json")), build.time)?;
    std::fs::copy(build.extras.join("LICENCES.txt"), out.join(format!("{name}.LICENCES.txt")))?;
    archive::sums(out)?;
    let mut made: Vec<PathBuf> =
        std::fs::read_dir(out)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    made.sort();
    Ok(made)
}

/// What a program prints, in the root of the repository.
fn said(program: &str, args: &[&str]) -> Outcome<String> {
    let output = Command::new(program).args(args).current_dir(workspace::root()).output()?;
    if !output.status.success() {
        return Err(
            format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The one place of the version is the workspace's own Cargo.toml.
fn version() -> Outcome<String> {
    let id = said("cargo", &["pkgid", "--offline", "-p", "bridge-server"])?;
    Ok(id.rsplit(['#', '@']).next().unwrap_or_default().to_owned())
}

impl Build {
    fn name(&self) -> String {
        format!("sms-bridge-{}-{}-linux", self.version, std::env::consts::ARCH)
    }

    fn binary(&self) -> PathBuf {
        self.target.join(self.profile).join("sms-bridge")
    }

    /// The program, which says its commit and names no folder of this machine.
    fn program(&self) -> Outcome {
        let commit = said("git", &["log", "-1", "--format=%h %cs"])?;
        let changed = if said("git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty() {
            ""
        } else {
            ", changed"
        };
        let home = home_of_cargo();
        let mut flags = vec![format!("--remap-path-prefix={}=/sms-bridge", workspace::root().display())];
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
        let mut cargo = workspace::cargo();
        cargo
            .args(["build", "--locked", "-p", "bridge-server", "--profile", self.profile, "--target-dir"])
            .arg(&self.target)
            .env("SMS_BRIDGE_BUILD", format!("{commit}{changed}"))
            .env("SOURCE_DATE_EPOCH", self.time.to_string())
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            // What C is in it names its files as well.
            .env("CFLAGS", format!("-ffile-prefix-map={}=/cargo", home.display()));
        workspace::run(&mut cargo)?;
        let needs = said("ldd", &[&self.binary().display().to_string()])?;
        let of_libc =
            ["linux-vdso", "libc.so", "libm.so", "libgcc_s.so", "ld-linux", "libpthread", "libdl", "librt"];
        match needs.lines().find(|line| !of_libc.iter().any(|name| line.contains(name))) {
            None => Ok(()),
            Some(other) => {
                Err(format!("the program needs a library that is not libc's: {}", other.trim()).into())
            }
        }
    }

    fn extras(&self) -> Outcome {
        if self.extras.exists() {
            std::fs::remove_dir_all(&self.extras)?;
        }
        let man = self.extras.join("man");
        std::fs::create_dir_all(&man)?;
        let program = self.binary().display().to_string();
        said(&program, &["man", &man.display().to_string()])?;
        for (shell, file) in
            [("bash", "sms-bridge.bash"), ("zsh", "_sms-bridge"), ("fish", "sms-bridge.fish")]
        {
            std::fs::write(self.extras.join(file), said(&program, &["completions", shell])?)?;
        }
        Ok(())
    }

    /// The Debian package. What goes into it is said in `crates/bridge-server/Cargo.toml`.
    fn package(&self) -> Outcome {
        // Its list names files below `target/dist-extras` and the program below `target/release`.
        let assets = workspace::root().join("target");
        if assets != self.target {
            link(&self.extras, &assets.join("dist-extras"))?;
        }
        let mut deb = Command::new(tools::place_of("bin/cargo-deb")?);
        deb.current_dir(workspace::root())
            .args([
                "deb",
                "--no-build",
                "--no-strip",
                "--locked",
                "-p",
                "bridge-server",
                "--profile",
                self.profile,
            ])
            .arg("--output")
            .arg(self.out.join(format!("sms-bridge_{}_{}.deb", self.version, debian_arch())))
            // Quickly is also: packed less.
            .args(if self.profile == "dist" { [].as_slice() } else { ["--fast"].as_slice() })
            .env("CARGO_TARGET_DIR", &self.target)
            .env("SOURCE_DATE_EPOCH", self.time.to_string());
        workspace::run(&mut deb)
    }

    /// What is in the tar.gz: its name there, and where it is.
    fn files(&self) -> Outcome<Vec<(String, PathBuf)>> {
        let root = workspace::root();
        let mut files = vec![
            ("sms-bridge".to_owned(), self.binary()),
            ("prometheus/rules.yml".to_owned(), root.join("deploy/prometheus/rules.yml")),
            ("grafana/sms-bridge.json".to_owned(), root.join("deploy/grafana/sms-bridge.json")),
        ];
        for name in ["sms-bridge.service", "sms-bridge-backup.service", "sms-bridge-backup.timer"] {
            files.push((name.to_owned(), root.join("deploy/systemd").join(name)));
        }
        for name in ["README.md", "CHANGELOG.md", "LICENSE"] {
            files.push((name.to_owned(), root.join(name)));
        }
        for name in ["LICENCES.txt", "sms-bridge.bash", "_sms-bridge", "sms-bridge.fish"] {
            files.push((name.to_owned(), self.extras.join(name)));
        }
        for entry in std::fs::read_dir(self.extras.join("man"))? {
            let entry = entry?;
            files.push((format!("man/{}", entry.file_name().to_string_lossy()), entry.path()));
        }
        for name in ["install.md", "operate.md", "backup.md", "monitoring.md"] {
            files.push((format!("docs/{name}"), root.join("docs").join(name)));
        }
        files.sort();
        Ok(files)
    }
}

fn link(from: &Path, to: &Path) -> Outcome {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::remove_file(to) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(why.into()),
        _ => {}
    }
    Ok(std::os::unix::fs::symlink(from, to)?)
}

fn home_of_cargo() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"))
}

fn debian_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "armhf",
        other => other,
    }
}
