//! Small proofs, from which the facts are put together.

use std::fmt::Debug;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What was found, or why a fact does not hold.
pub(super) type Proof<T = ()> = Result<T, String>;

pub(super) fn ensure(holds: bool, why: impl Into<String>) -> Proof {
    if holds { Ok(()) } else { Err(why.into()) }
}

pub(super) fn same<T: PartialEq + Debug>(found: T, wanted: T) -> Proof {
    ensure(found == wanted, format!("found  {found:?}\nwanted {wanted:?}"))
}

pub(super) fn contains(text: &str, part: &str) -> Proof {
    ensure(text.contains(part), format!("no {part:?} in\n{text}"))
}

pub(super) fn lacks(text: &str, part: &str) -> Proof {
    ensure(!text.contains(part), format!("{part:?} in\n{text}"))
}

/// The proof is that it does not succeed.
pub(super) fn fails<T: Debug>(outcome: Proof<T>, what: &str) -> Proof {
    match outcome {
        Ok(answer) => Err(format!("{what}: {answer:?}")),
        Err(_) => Ok(()),
    }
}

/// Tries until it succeeds, for so many seconds.
pub(super) fn within(seconds: u64, mut attempt: impl FnMut() -> Proof) -> Proof {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        match attempt() {
            Err(_) if Instant::now() < end => sleep(Duration::from_millis(200)),
            outcome => return outcome,
        }
    }
}

/// A command that reads nothing and is ended after ten minutes: no test hangs.
pub(super) fn command(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", "600", program]).stdin(Stdio::null());
    command
}

/// How a command ended, and what it wrote.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

pub(super) fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("`timeout` of coreutils is there");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What a command that succeeds writes.
pub(super) fn run(command: &mut Command) -> Proof<String> {
    let ended = end(command);
    if ended.code == Some(0) {
        return Ok(ended.stdout);
    }
    Err(format!("{command:?}\nended with {:?}\n{}{}", ended.code, ended.stdout, ended.stderr))
}

pub(super) fn docker<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Proof<String> {
    run(command("docker").args(arguments))
}

/// `words` in a container of `image`, as the owner of `project` and in `folder` of it, which they may write to.
pub(super) fn run_with(image: &str, project: &Path, folder: &str, words: &[&str]) -> Proof {
    let owner = std::fs::metadata(project).map_err(|error| format!("{}: {error}", project.display()))?;
    let user = format!("{}:{}", owner.uid(), owner.gid());
    let mount = format!("type=bind,source={},target=/project", project.display());
    let folder = format!("/project/{folder}");
    let options = ["--rm", "--user", &user, "--env", "HOME=/tmp", "--mount", &mount, "--workdir", &folder];
    run(command("docker").arg("run").args(options).arg(image).args(words)).map(drop)
}
