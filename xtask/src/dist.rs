//! `cargo xtask dist`: the folder that operators install, laid out like Apache's binary tarball.

mod check;
mod notices;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use testkit::java::workspace_root;

/// The stripped program must not be larger.
const BINARY_MAX_BYTES: u64 = 20_000_000;
/// The release; the workspace has one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Files of the checkout's root that go along.
const TOP_FILES: [&str; 3] = ["LICENSE", "README.md", "CHANGELOG.md"];

/// Makes the distribution folder and its tar.gz.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The program to pack (default: target/release/oxkeeper).
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Where to put folder and archive (default: dist in the checkout).
    #[arg(long)]
    out: Option<PathBuf>,
    /// Unpacks the archive elsewhere and starts, asks and stops a server with its scripts.
    #[arg(long)]
    check: bool,
}

/// Makes the distribution; exit code 1 when it does not do what it should.
pub fn run(args: &Args) -> Result<ExitCode> {
    let root = workspace_root();
    let binary = find_binary(args.binary.as_deref(), &root)?;
    let out = args.out.clone().unwrap_or_else(|| root.join("dist"));
    let name = format!("oxkeeper-{VERSION}");
    let folder = out.join(&name);
    assemble(&root, &binary, &folder)?;
    let archive = out.join(format!("{name}.tar.gz"));
    pack(&out, &name, &archive)?;
    for made in [&folder.join("lib/oxkeeper"), &archive] {
        println!("dist: {} ({} bytes)", made.display(), fs::metadata(made)?.len());
    }
    if args.check {
        check::run(&archive, &name)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn find_binary(named: Option<&Path>, root: &Path) -> Result<PathBuf> {
    let built = || {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        target.join("release/oxkeeper")
    };
    let binary = named.map_or_else(built, Path::to_owned);
    if !binary.is_file() {
        bail!(
            "{} is not there; run cargo build --release, or give --binary PATH",
            binary.display()
        );
    }
    let output = Command::new(&binary)
        .arg("version")
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    let version = String::from_utf8_lossy(&output.stdout);
    ensure!(
        version.contains(&format!("-oxkeeper-{VERSION}-")),
        "{} is not version {VERSION}: it says {:?}; build it again",
        binary.display(),
        version.trim_end()
    );
    Ok(binary)
}

/// Fills `folder`, from scratch.
fn assemble(root: &Path, binary: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    for sub in ["lib", "logs"] {
        fs::create_dir_all(folder.join(sub))
            .with_context(|| format!("cannot make {}", folder.join(sub).display()))?;
    }
    copy_files(&root.join("bin"), &folder.join("bin"), "sh")?;
    copy_files(&root.join("conf"), &folder.join("conf"), "cfg")?;
    copy_files(&root.join("docs"), &folder.join("docs"), "md")?;
    for name in TOP_FILES {
        copy(&root.join(name), &folder.join(name))?;
    }
    let notices = notices::text(root)?;
    fs::write(folder.join("THIRD-PARTY.txt"), notices).context("cannot write THIRD-PARTY.txt")?;
    strip(binary, &folder.join("lib/oxkeeper"))
}

/// Copies the files with this ending, and those of the folders below.
fn copy_files(from: &Path, to: &Path, ending: &str) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_files(&path, &to.join(name), ending)?;
        } else if path.extension().is_some_and(|found| found == ending) {
            fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// Permissions go along: scripts stay executable.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Line tables are most of the release build and help only who debugs it.
fn strip(from: &Path, to: &Path) -> Result<()> {
    let mut command = Command::new("strip");
    command.arg("-o").arg(to).arg(from);
    done(&mut command, "strip (of the package binutils)")?;
    let bytes = fs::metadata(to)?.len();
    ensure!(
        bytes <= BINARY_MAX_BYTES,
        "{} has {bytes} bytes, more than {BINARY_MAX_BYTES}",
        to.display()
    );
    Ok(())
}

/// Owners and order are fixed, so that an archive does not tell who made it.
fn pack(out: &Path, name: &str, archive: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    command.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-czf"]);
    command.arg(archive).arg("-C").arg(out).arg(name);
    done(&mut command, "tar")
}

fn done(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {what}"))?;
    ensure!(status.success(), "{what} ended with {status}");
    Ok(())
}
