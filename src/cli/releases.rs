//! The newest releases of GitHub actions, as git lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::registry::Trouble;
use crate::credential::without_login;
use crate::lock::is_hex;
use crate::project::Action;

/// How many repositories are asked at a time.
const AT_A_TIME: usize = 8;

/// The newest release of each action with the major version that it has, which is that itself where there is no newer; or
/// why nobody knows. Each repository is asked once, and has to answer within `limit`.
pub(super) fn newest(
    actions: BTreeMap<String, Action>,
    limit: Duration,
) -> Vec<(String, Action, Result<Action, Trouble>)> {
    let url = |name: &str| {
        let repository: Vec<&str> = name.split('/').take(2).collect();
        format!("https://github.com/{}", repository.join("/"))
    };
    let urls: BTreeSet<String> = actions.keys().map(|it| url(it)).collect();
    let listed = listed(urls, "https", limit);
    let found = actions.into_iter().map(|(name, now)| {
        let newest = match &listed[&url(&name)] {
            Ok(text) => Ok(chosen(text, &now)),
            Err(why) => Err(trouble(&name, why)),
        };
        (name, now, newest)
    });
    found.collect()
}

fn trouble(name: &str, why: &str) -> Trouble {
    Trouble {
        message: format!("`{name}`: git cannot list its releases: {why}"),
        help: "look at the network, try `git ls-remote` yourself, or raise FORGE_REGISTRY_TIMEOUT (seconds); a bot such as Renovate can raise actions as well"
            .to_owned(),
    }
}

/// What git lists for each repository, or why it does not; it is asked by these protocols alone.
fn listed(urls: BTreeSet<String>, protocols: &str, limit: Duration) -> BTreeMap<String, Result<String, String>> {
    let workers = urls.len().min(AT_A_TIME);
    let (left, done) = (Mutex::new(urls), Mutex::new(BTreeMap::new()));
    let next = || left.lock().expect("nobody panics").pop_first();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(url) = next() {
                    let answer = tags(&url, protocols, limit);
                    done.lock().expect("nobody panics").insert(url, answer);
                }
            });
        }
    });
    done.into_inner().expect("nobody panics")
}

/// The tags of a repository, as `git ls-remote` has them.
fn tags(url: &str, protocols: &str, limit: Duration) -> Result<String, String> {
    let said = |error: io::Error| error.to_string();
    // What the repository of the project says in its `.git/config` is nothing to obey: a URL that stands for a program, or
    // the program that ssh is. What its user says, such as a proxy, holds.
    let nowhere = tempfile::tempdir().map_err(said)?;
    // To files: what git started goes on holding a pipe when git itself has been ended.
    let (mut out, mut talk) = (tempfile::tempfile().map_err(said)?, tempfile::tempfile().map_err(said)?);
    let mut git = Command::new("git");
    // So it ends, too, where nothing comes.
    let slow = format!("http.lowSpeedTime={}", limit.as_secs().max(1));
    git.args(["-c", "http.lowSpeedLimit=1", "-c", &slow, "ls-remote", "--tags", url]);
    git.current_dir(nowhere.path()).env("GIT_DIR", nowhere.path().join("none")).env_remove("GIT_COMMON_DIR");
    git.env("GIT_ALLOW_PROTOCOL", protocols).env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    git.stdout(out.try_clone().map_err(said)?).stderr(talk.try_clone().map_err(said)?);
    let status = ended(&mut git, limit).map_err(said)?;
    if !status.success() {
        let text = text(&mut talk).map_err(said)?;
        let last = text.lines().last().unwrap_or("it says nothing");
        return Err(without_login(last).escape_debug().to_string());
    }
    text(&mut out).map_err(said)
}

/// Runs a program to its end, which is brought about after `limit`.
fn ended(program: &mut Command, limit: Duration) -> io::Result<ExitStatus> {
    let end = Instant::now() + limit;
    let mut child = program.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > end {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            child.wait()?;
            let message = format!("there was no answer within {} seconds", limit.as_secs());
            return Err(io::Error::new(ErrorKind::TimedOut, message));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn text(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Of the tags that git listed, the newest release with the major version of `now`.
fn chosen(tags: &str, now: &Action) -> Action {
    let mut best = (numbers(&now.version), now.clone());
    for line in tags.lines() {
        let Some((sha, tag)) = line.split_once('\t') else { continue };
        // Of a tag with a message, the commit stands in a second line, which ends so.
        let tag = tag.trim_start_matches("refs/tags/");
        let version = tag.trim_end_matches("^{}");
        let found = numbers(version);
        let is_newer = found.is_some() && found.map(|it| it[0]) == best.0.map(|it| it[0]) && found >= best.0;
        if is_newer && is_hex(sha, 40) && (found > best.0 || tag.ends_with("^{}") || best.1.version != version) {
            best = (found, Action { version: version.to_owned(), sha: sha.to_owned() });
        }
    }
    best.1
}

/// `v5.0.1` as numbers; `None` for what is no release, such as `v5` and `v5.0.1-rc.1`.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let parts: Vec<u64> =
        version.trim_start_matches('v').split('.').map(|it| it.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_of_a_major_version_is_found_in_a_real_repository() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "commit.gpgsign=false",
                "-c",
                "tag.gpgsign=false",
            ]);
            let done = git.args(words).current_dir(folder.path()).output().expect("git is there");
            assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8_lossy(&done.stdout).trim().to_owned()
        };
        git(&["init", "--quiet"]);
        let mut commits = BTreeMap::new();
        for (tag, with_message) in
            [("v4.0.0", false), ("v4.2.0", false), ("v4.10.1", true), ("v4.11.0-rc.1", false), ("v5.0.0", false)]
        {
            git(&["commit", "--quiet", "--allow-empty", "--message", tag]);
            if with_message {
                git(&["tag", "--annotate", "--message", "m", tag]);
            } else {
                git(&["tag", tag]);
            }
            commits.insert(tag, git(&["rev-parse", "HEAD"]));
        }
        git(&["tag", "v4"]);
        let action = |version: &str| Action { version: version.to_owned(), sha: commits[version].clone() };
        let url = format!("file://{}", folder.path().display());
        let nowhere = "file:///nowhere/at/all".to_owned();
        let answers = listed([url.clone(), nowhere.clone()].into(), "file", Duration::from_secs(20));
        let tags = answers[&url].as_ref().expect("git answers");
        assert_eq!(chosen(tags, &action("v4.0.0")), action("v4.10.1"));
        assert_eq!(chosen(tags, &action("v4.10.1")), action("v4.10.1"));
        assert_eq!(chosen(tags, &action("v5.0.0")), action("v5.0.0"));
        let why = answers[&nowhere].as_ref().expect_err("there is nothing");
        assert!(
            !why.is_empty() && trouble("a/b", why).message.contains("`a/b`: git cannot list its releases: "),
            "{why}"
        );
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for() {
        // It takes connections, and says nothing.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let urls = (0..12).map(|it| format!("git://127.0.0.1:{port}/{it}")).collect();
        let begin = Instant::now();
        let answers = listed(urls, "git", Duration::from_millis(500));
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        assert_eq!(answers.len(), 12);
        for (url, answer) in answers {
            let why = answer.expect_err("there is no answer");
            assert!(why.contains("there was no answer within 0 seconds"), "{url}: {why}");
        }
        let answers = listed([format!("git://127.0.0.1:{port}/")].into(), "https", Duration::from_secs(20));
        let why = answers.into_values().next().expect("one was asked").expect_err("nobody is asked so");
        assert!(why.contains("not allowed"), "{why}");
    }
}
