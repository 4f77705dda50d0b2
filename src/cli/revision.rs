//! A project as a revision of its git repository has it.

use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::project::{Project, Read, invalid, read, shown, tell};
use super::{Failure, Shell};
use crate::yaml;

/// Files and folders of a project that decide what its files are, beside the spec.
const DECIDE: [&str; 2] = ["forge-templates/", "forge.lock"];

/// The project as it was at `revision`: its spec, templates and lock, read by git and from nowhere else.
///
/// # Errors
/// When git is not there, the folder is in no repository, it has no such revision, that one has no spec, or its spec is invalid,
/// which is told.
pub(super) fn project_at(revision: &str, shell: &mut Shell<'_>) -> Result<&'static Project, Failure> {
    // What git would take for an option is no name of a revision.
    if revision.is_empty() || revision.starts_with('-') || revision.chars().any(char::is_control) {
        let message = format!("`{}` is no name of a revision", revision.escape_debug());
        return Err(Failure::input(message, "name a branch, a tag or a commit, for example `--against main`"));
    }
    let git = Git { directory: shell.directory.clone() };
    let prefix = git.text(&["rev-parse", "--show-prefix"]).map_err(|it| match it {
        Failed::Said(why) => Failure::input(
            format!("git knows no revisions of {}: {why}", shown(&shell.directory)),
            "`--against` is for a project in a git repository",
        ),
        Failed::NotThere(failure) => failure,
    })?;
    let prefix = prefix.trim_end_matches(['\n', '\r']).trim_end_matches('/').to_owned();
    let commit = git.text(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")]).map_err(|_| {
        Failure::input(
            format!("there is no revision `{}`", revision.escape_debug()),
            "`git log --oneline --all` lists those that there are; a shallow clone has only some: `git fetch --unshallow`",
        )
    })?;
    let commit = commit.trim().to_owned();
    let folder = TempDir::new().map_err(Failure::io("make a temporary folder"))?;
    let file = git.check_out(&commit, &prefix, revision, &shell.file, folder.path())?;
    make_contexts(folder.path(), &file)?;
    let there = Shell {
        directory: folder.path().to_owned(),
        file,
        quiet: true,
        verbose: false,
        is_terminal: shell.is_terminal,
        look: shell.look,
        talk_look: shell.talk_look,
        out: &mut std::io::sink(),
        talk: &mut std::io::sink(),
    };
    match read(&there)? {
        Read::Valid(project) => Ok(Box::leak(project)),
        Read::Invalid(mut them) => {
            for it in them.iter_mut().filter(|it| it.path == shown(&there.file)) {
                it.path = shown(&shell.file);
            }
            let said = invalid(&them, &format!(" of `{}`", revision.escape_debug()));
            for it in &mut them {
                it.path = format!("{revision}:{}", it.path);
            }
            tell(shell, &them)?;
            shell.insist(&said)?;
            Err(Failure::Told)
        }
    }
}

fn not_there() -> Failed {
    Failed::NotThere(Failure::input("git cannot be run", "install it: `--against` asks it what a revision holds"))
}

/// git in a folder.
struct Git {
    directory: PathBuf,
}

/// Why git gave no answer.
enum Failed {
    /// It said so.
    Said(String),
    /// It could not be asked.
    NotThere(Failure),
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Failure {
        match failed {
            Failed::Said(why) => {
                Failure::input(format!("git cannot read it: {why}"), "`git fsck` looks the repository over")
            }
            Failed::NotThere(failure) => failure,
        }
    }
}

impl Git {
    /// What git answers to these words.
    fn bytes(&self, words: &[&str]) -> Result<Vec<u8>, Failed> {
        let output = self.command(words).output().map_err(|_| not_there())?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or("it does not say why");
        Err(Failed::Said(first.trim_start_matches("fatal: ").escape_debug().to_string()))
    }

    /// What is in these objects, in their order: one git for all of them.
    fn blobs(&self, objects: &[&str]) -> Result<Vec<Vec<u8>>, Failed> {
        let mut command = self.command(&["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|_| not_there())?;
        let mut questions = child.stdin.take().expect("it is piped");
        let asked = objects.join("\n") + "\n";
        // git answers before it was asked everything: who does not listen meanwhile waits forever.
        let asking = std::thread::spawn(move || questions.write_all(asked.as_bytes()));
        let output = child.wait_with_output().map_err(|_| not_there())?;
        // Where git ended early, its answer says so.
        let _ = asking.join();
        let mut rest = output.stdout.as_slice();
        let answers = objects.iter().map(|object| {
            let unknown = || Failed::Said(format!("object {object} is missing or damaged"));
            let line = rest.iter().position(|it| *it == b'\n').ok_or_else(unknown)?;
            let head = String::from_utf8_lossy(&rest[..line]).into_owned();
            let size = head.strip_prefix(&format!("{object} blob ")).and_then(|it| it.parse::<usize>().ok());
            let (begin, end) = (line + 1, size.and_then(|it| it.checked_add(line + 1)).ok_or_else(unknown)?);
            let bytes = rest.get(begin..end).ok_or_else(unknown)?.to_vec();
            rest = rest.get(end + 1..).ok_or_else(unknown)?;
            Ok(bytes)
        });
        answers.collect()
    }

    /// git with these words, in the folder.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        // What a clone brings along as a repository of its own, or as a promise of objects elsewhere, would have git run
        // what its configuration names.
        command.args([
            "-c",
            "safe.bareRepository=explicit",
            "-c",
            "protocol.allow=never",
            "-c",
            "core.fsmonitor=false",
        ]);
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.arg("-C").arg(&self.directory).args(words).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
        command
    }

    fn text(&self, words: &[&str]) -> Result<String, Failed> {
        self.bytes(words).map(|it| String::from_utf8_lossy(&it).into_owned())
    }

    /// Puts what decides about the files of the project into `folder`; gives the spec's place there.
    fn check_out(
        &self,
        commit: &str,
        prefix: &str,
        revision: &str,
        file: &Path,
        folder: &Path,
    ) -> Result<PathBuf, Failure> {
        let lacking = |what: &str| {
            let message = format!("`{}` has no {what}", revision.escape_debug());
            Failure::input(
                message,
                "name a revision that has it, or name its folder then after -C or the file after -f",
            )
        };
        let tree = if prefix.is_empty() { commit.to_owned() } else { format!("{commit}:{prefix}") };
        let listing = self.bytes(&["ls-tree", "-r", "-z", "--full-tree", &tree]).map_err(|it| match it {
            Failed::Said(_) => lacking(&format!("folder {prefix}")),
            failed => failed.into(),
        })?;
        let write = |place: &Path, bytes: &[u8]| {
            fs::create_dir_all(place.parent().unwrap_or(folder))
                .and_then(|()| fs::write(place, bytes))
                .map_err(Failure::io(format!("write {}", place.display())))
        };
        let spec = place_of(file);
        let mut is_there = false;
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        for entry in listing.split(|it| *it == 0).filter_map(|it| std::str::from_utf8(it).ok()) {
            let Some((head, path)) = entry.split_once('\t') else { continue };
            let mut words = head.split(' ');
            let (mode, kind, object) = (words.next(), words.next(), words.next().unwrap_or_default());
            // git itself refuses such names; what is written here stays below the folder whatever a repository holds.
            if Path::new(path).components().any(|it| !matches!(it, Component::Normal(_))) {
                continue;
            }
            let is_spec = spec.as_deref() == Some(path);
            let decides =
                DECIDE.iter().any(|it| path == it.trim_end_matches('/') || it.ends_with('/') && path.starts_with(it));
            if kind == Some("blob") && (is_spec || decides) {
                if mode == Some("120000") {
                    let message = format!("in `{}`, {} is a link", revision.escape_debug(), path.escape_debug());
                    return Err(Failure::input(message, "name a revision in which it is a file"));
                }
                is_there |= is_spec;
                wanted.push((path, object));
            }
        }
        let objects: Vec<&str> = wanted.iter().map(|it| it.1).collect();
        for ((path, _), bytes) in wanted.iter().zip(self.blobs(&objects)?) {
            write(&folder.join(path), &bytes)?;
        }
        if let Some(spec) = spec {
            return if is_there { Ok(spec.into()) } else { Err(lacking(&shown(file))) };
        }
        // The spec lies beside the project, not in it.
        let path = self.outside(file, prefix).ok_or_else(|| lacking(&shown(file)))?;
        let bytes = self.bytes(&["cat-file", "blob", &format!("{commit}:{path}")]).map_err(|it| match it {
            Failed::Said(_) => lacking(&shown(file)),
            failed => failed.into(),
        })?;
        let place = folder.join(".spec").join(file.file_name().unwrap_or_default());
        write(&place, &bytes)?;
        Ok(place)
    }

    /// The path in the repository of a file that is named with `..` or from the root of the system.
    fn outside(&self, file: &Path, prefix: &str) -> Option<String> {
        let top = self.text(&["rev-parse", "--show-toplevel"]).ok()?;
        let top = Path::new(top.trim_end_matches(['\n', '\r'])).canonicalize().ok()?;
        // The folder is there, whether or not the file still is.
        let place = top.join(prefix).join(file);
        let folder = place.parent()?.canonicalize().ok()?;
        let below = folder.strip_prefix(&top).ok()?.join(place.file_name()?);
        Some(below.to_str()?.replace('\\', "/"))
    }
}

/// Makes the folders that the spec builds from, without anything in them: git keeps no empty ones, and what is in them decides
/// about no file.
fn make_contexts(folder: &Path, spec: &Path) -> Result<(), Failure> {
    let bytes = fs::read(folder.join(spec)).map_err(Failure::io("read a temporary file"))?;
    // What is wrong with it, or with a folder that cannot be made, is told when it is read for good.
    let Ok(doc) = yaml::read(&String::from_utf8_lossy(&bytes)) else { return Ok(()) };
    let services = doc.root.get("services").into_iter().flat_map(yaml::Node::entries);
    let contexts = services.filter_map(|(_, it)| it.get("build")?.get("context")?.text());
    for context in contexts.filter_map(|it| place_of(Path::new(it))) {
        let _ = fs::create_dir_all(folder.join(context));
    }
    Ok(())
}

/// The path of a file below the project, as git writes it; `None` where it does not lie there by its words.
fn place_of(file: &Path) -> Option<String> {
    let mut names = Vec::new();
    for part in file.components() {
        match part {
            Component::Normal(name) => names.push(name.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(names.join("/"))
}
