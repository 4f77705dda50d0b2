//! Digests and commits that a bot wrote into generated files: found again in their texts, and brought into the lock. Pure.
//!
//! Renovate and Dependabot edit `FROM python:3.13-slim@sha256:…`, `image:` and `uses:` where they stand. Such a line counts
//! as theirs where it is the one that forge wrote but for the digest; then the digest is taken, not fought.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::{Path, Step};
use crate::lock::{Lock, Pin, is_hex, is_version};
use crate::project::Action;

/// Where an image stands in a line of a Dockerfile, a compose file or a pipeline.
static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^([ \t]*FROM[ \t]+(?:--\S+[ \t]+)*|#[ \t]*syntax=|[ \t]*COPY[ \t]+(?:--\S+[ \t]+)*?--from=|[ \t]*(?:-[ \t]+)?image:[ \t]*(?:\{[ \t]*name:[ \t]*)?["']?)([a-z0-9][A-Za-z0-9._:/-]*)(?:@(sha256:[0-9a-f]{64}))?"#,
    )
    .expect("the pattern is right")
});

/// Where an action stands in a line of a workflow.
static ACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^([ \t]*(?:-[ \t]+)?uses:[ \t]*["']?)([\w.-]+/[\w./-]+)@([^\s"'\#]+)["']?(?:[ \t]+\#[ \t]*(\S+))?"#)
        .expect("the pattern is right")
});

/// What a line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// An image with its tag.
    Image {
        /// Name and tag.
        name: String,
        /// What stands behind the `@`.
        digest: Option<String>,
    },
    /// A GitHub action.
    Action {
        /// Its name: `actions/checkout`.
        name: String,
        /// What stands behind the `@`.
        sha: String,
        /// What the comment calls it.
        version: Option<String>,
    },
}

/// A line of a generated file that names the image or action that forge wrote there, and names it otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: String,
    /// What forge wrote.
    pub was: Named,
    /// What is there.
    pub is: Named,
}

impl Written {
    /// What the file names: an image with its tag, or an action.
    fn name(&self) -> &str {
        let (Named::Image { name, .. } | Named::Action { name, .. }) = &self.is;
        name
    }

    /// Whether only what a tag stands for is another.
    fn is_pin(&self) -> bool {
        match (&self.was, &self.is) {
            (Named::Image { name: was, .. }, Named::Image { name, digest: Some(_) }) => was == name,
            (Named::Action { .. }, Named::Action { sha, version: Some(version), .. }) => is_release(sha, version),
            _ => false,
        }
    }
}

/// What became of what bots wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The lock with it.
    pub lock: Lock,
    /// The names of images and actions that the lock has otherwise now, each with the file that it was read from.
    pub news: BTreeMap<String, String>,
    /// The names that were read from files and are the lock's to say: all else that stands in a file is its owner's edit.
    pub known: BTreeSet<String>,
    /// The names whose pin in the lock is one that stands in a file anew as well: a bot raised both.
    pub agreed: BTreeSet<String>,
    /// Names for which files have different new pins, with the files of each: nobody can tell which of them is the newer.
    pub disputed: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Pins that were not taken, by file and name: the lock was changed since.
    pub left: BTreeSet<(String, String)>,
    /// Tags that the spec would have to say.
    pub raised: Vec<Raised>,
}

/// A tag in a file that is another than the spec asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The file.
    pub path: String,
    /// The image that the spec asks for.
    pub was: String,
    /// The image that the file names.
    pub is: String,
    /// Where the spec asks for it.
    pub at: Option<Path>,
}

/// The lines of `found` that are those of `base` but for what they name: an edit around them is no matter.
pub fn written(path: &str, base: &str, found: &str) -> Vec<Written> {
    pairs(base, found).into_iter().filter_map(|(was, is)| changed(path, was, is)).collect()
}

/// What a line names that named something else in `was`, if both do.
fn changed(path: &str, was: &str, is: &str) -> Option<Written> {
    let (was, is) = (named(was)?.1, named(is)?.1);
    (was != is).then(|| Written { path: path.to_owned(), was, is })
}

/// What `base` would be with the pins of `known` names that stand in `found`; edits of anything else are not in it, and
/// neither is the digest of an image that no lock speaks of.
pub fn repinned(base: &str, found: &str, known: &BTreeSet<String>) -> String {
    let mut pairs = pairs(base, found).into_iter().peekable();
    let line = |line: &str| -> String {
        // Pairs are in the order of the lines that they are of.
        let pair = pairs.next_if(|(was, _)| std::ptr::eq(*was, line));
        pair.filter(|(was, is)| changed("", was, is).is_some_and(|it| it.is_pin() && known.contains(it.name())))
            .map_or(line, |(_, is)| is)
            .to_owned()
    };
    base.split_inclusive('\n').map(line).collect()
}

/// Whether two texts are the same but for the tags, digests and commits of what they name.
pub fn alike(one: &str, other: &str) -> bool {
    let same = |(one, other): (&str, &str)| {
        one == other || named(one).zip(named(other)).is_some_and(|((one, _), (other, _))| one == other)
    };
    one.lines().count() == other.lines().count() && one.lines().zip(other.lines()).all(same)
}

/// The names of images and actions whose digests or commits are others in two texts; `None` where they differ in anything else.
pub fn differing(one: &str, other: &str) -> Option<BTreeSet<String>> {
    if one.lines().count() != other.lines().count() {
        return None;
    }
    let mut names = BTreeSet::new();
    for (one, other) in one.lines().zip(other.lines()).filter(|(one, other)| one != other) {
        if named(one)?.0 != named(other)?.0 {
            return None;
        }
        let name = match changed("", one, other)? {
            Written { was: Named::Image { name: was, .. }, is: Named::Image { name, .. }, .. } if was == name => name,
            Written { is: Named::Action { name, .. }, .. } => name,
            Written { .. } => return None,
        };
        names.insert(name);
    }
    Some(names)
}

/// The actions that a workflow uses, by name, with the versions that comments give them.
pub fn actions(text: &str) -> impl Iterator<Item = (String, Action)> {
    text.lines().filter_map(|line| match named(line)?.1 {
        Named::Action { name, sha, version: Some(version) } if is_release(&sha, &version) => {
            Some((name, Action { version, sha }))
        }
        _ => None,
    })
}

/// Brings what was `written` into the lock, for the images that the project `uses`, with their places in the spec.
///
/// The lock goes before a file where it was changed since forge wrote that. A file that still has what forge wrote has no
/// news; where two have different ones, none is taken. The first digest of an image that the lock does not know is taken
/// like a newer one: it only narrows what the tag may stand for, and whoever merges it has seen it.
pub fn take(lock: Option<&Lock>, uses: &BTreeMap<String, BTreeSet<Path>>, written: &[Written]) -> Taken {
    let before = lock.cloned().unwrap_or_default();
    let disputed = disputed(&before, uses, written);
    let mut taken = Taken { lock: before.clone(), disputed, ..Taken::default() };
    for it in written {
        if let (Named::Image { name: was, .. }, Named::Image { name, .. }) = (&it.was, &it.is) {
            let at = uses.get(was).filter(|_| was != name && !uses.contains_key(name)).and_then(BTreeSet::first);
            if let Some(at) = at.filter(|at| is_image(at) || is_newer(name, was)) {
                let at = Some(at.clone());
                taken.raised.push(Raised { path: it.path.clone(), was: was.clone(), is: name.clone(), at });
            }
        }
        let Some(pin) = Pinned::of(it, uses).filter(|it| !taken.disputed.contains_key(it.name)) else { continue };
        taken.known.insert(pin.name.to_owned());
        match pin.beside(&before) {
            Standing::Same => {
                taken.agreed.insert(pin.name.to_owned());
            }
            Standing::Late => {
                taken.left.insert((it.path.clone(), pin.name.to_owned()));
            }
            Standing::News => {
                pin.put(&mut taken.lock);
                taken.news.entry(pin.name.to_owned()).or_insert_with(|| it.path.clone());
            }
        }
    }
    taken
}

/// Whether a place in the spec is where the image of a service is said, with its tag.
pub fn is_image(at: &Path) -> bool {
    matches!(&at.0[..], [Step::Key(group), _, Step::Key(key)] if **group == *"services" && **key == *"image")
}

/// What stands in a file for an image that the project uses, or for an action.
struct Pinned<'a> {
    name: &'a str,
    /// The digest or the commit.
    is: &'a str,
    /// What forge wrote there; `None` where that was none, or of another tag.
    was: Option<&'a str>,
    /// The version of an action.
    version: Option<&'a str>,
}

/// How a pin in a file stands to what is locked.
enum Standing {
    /// It is what is locked.
    Same,
    /// What is locked was changed since forge wrote the file.
    Late,
    /// It is newer than what is locked.
    News,
}

impl<'a> Pinned<'a> {
    fn of(written: &'a Written, uses: &BTreeMap<String, BTreeSet<Path>>) -> Option<Pinned<'a>> {
        match (&written.was, &written.is) {
            (Named::Image { name: before, digest: was }, Named::Image { name, digest: Some(is) }) => {
                let was = was.as_deref().filter(|_| before == name);
                uses.contains_key(name).then_some(Pinned { name, is, was, version: None })
            }
            (Named::Action { sha: was, .. }, Named::Action { name, sha, version: Some(version) }) => {
                let pin = Pinned { name, is: sha, was: Some(was), version: Some(version) };
                is_release(sha, version).then_some(pin)
            }
            _ => None,
        }
    }

    fn beside(&self, lock: &Lock) -> Standing {
        let locked = match self.version {
            Some(_) => lock.actions.get(self.name).map(|it| it.sha.as_str()),
            None => lock.images.get(self.name).map(|it| it.digest.as_str()),
        };
        match locked {
            Some(it) if it == self.is => Standing::Same,
            Some(_) if locked != self.was => Standing::Late,
            _ => Standing::News,
        }
    }

    fn put(&self, lock: &mut Lock) {
        let (name, is) = (self.name.to_owned(), self.is.to_owned());
        match self.version {
            Some(version) => drop(lock.actions.insert(name, Action { version: version.to_owned(), sha: is })),
            None => drop(lock.images.insert(name, Pin { digest: is, platforms: BTreeSet::new() })),
        }
    }
}

/// The names for which files have different news, with the files of each pin.
fn disputed(
    lock: &Lock,
    uses: &BTreeMap<String, BTreeSet<Path>>,
    written: &[Written],
) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for it in written {
        let Some(pin) = Pinned::of(it, uses).filter(|it| matches!(it.beside(lock), Standing::News)) else { continue };
        let files = found.entry(pin.name.to_owned()).or_default().entry(pin.is.to_owned()).or_default();
        files.insert(it.path.clone());
    }
    found.retain(|_, pins| pins.len() > 1);
    found
}

/// Lines of two texts that are the same but for what they name, with their line ends.
fn pairs<'a>(base: &'a str, found: &'a str) -> Vec<(&'a str, &'a str)> {
    let lines = |text: &'a str| -> Vec<&'a str> { text.split_inclusive('\n').collect() };
    let (was, is) = (lines(base), lines(found));
    let plain = |lines: &[&str]| -> Vec<String> {
        lines.iter().map(|it| named(it).map_or_else(|| it.trim_end().to_owned(), |(line, _)| line)).collect()
    };
    let (plain_was, plain_is) = (plain(&was), plain(&is));
    let operations = similar::capture_diff_slices(similar::Algorithm::Myers, &plain_was, &plain_is);
    let mut out = Vec::new();
    for operation in operations {
        if let similar::DiffOp::Equal { old_index, new_index, len } = operation {
            out.extend((0..len).map(|at| (was[old_index + at], is[new_index + at])));
        }
    }
    out
}

/// What a line names, and the line without the tag, digest or commit of it.
fn named(line: &str) -> Option<(String, Named)> {
    let line = line.trim_end();
    if let Some(found) = IMAGE.captures(line) {
        let (before, name) = (&found[1], &found[2]);
        let rest = &line[found[0].len()..];
        let digest = found.get(3).map(|it| it.as_str().to_owned());
        return Some((format!("{before}{}@{rest}", repository(name)), Named::Image { name: name.to_owned(), digest }));
    }
    let found = ACTION.captures(line)?;
    let (before, name) = (&found[1], found[2].to_owned());
    let rest = &line[found[0].len()..];
    let version = found.get(4).map(|it| it.as_str().to_owned());
    Some((format!("{before}{name}@{rest}"), Named::Action { name, sha: found[3].to_owned(), version }))
}

/// Whether a commit and what a comment calls it can stand in a lock.
fn is_release(sha: &str, version: &str) -> bool {
    is_hex(sha, 40) && is_version(version)
}

/// Whether the tag of an image has a higher version than that of another: an older one is its owner's choice, and
/// nobody's to raise in the spec.
fn is_newer(name: &str, than: &str) -> bool {
    let numbers = |it: &str| -> Vec<u64> {
        let tag = &it[repository(it).len()..];
        let parts = tag.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty());
        parts.map(|it| it.parse().unwrap_or(u64::MAX)).collect()
    };
    numbers(name) > numbers(than)
}

/// The name of an image without its tag.
pub fn repository(name: &str) -> &str {
    let folder = name.rfind('/').map_or(0, |it| it + 1);
    name[folder..].find(':').map_or(name, |it| &name[..folder + it])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "# syntax=docker/dockerfile:1\nFROM python:3.13-slim AS source\nCOPY --from=source /a /b\nCOPY --from=ghcr.io/astral-sh/uv:0.13 /uv /bin/uv\n";

    fn digest(of: &str) -> String {
        format!("sha256:{}", crate::compare::digest(of.as_bytes()))
    }

    /// The base with digests behind two images.
    fn pinned(of: &str) -> String {
        BASE.replace("python:3.13-slim", &format!("python:3.13-slim@{}", digest(of)))
            .replace("uv:0.13", &format!("uv:0.13@{}", digest(of)))
    }

    fn uses() -> BTreeMap<String, BTreeSet<Path>> {
        let at = BTreeSet::from([Path::parse("services.api.build")]);
        ["python:3.13-slim", "ghcr.io/astral-sh/uv:0.13"].map(|it| (it.to_owned(), at.clone())).into()
    }

    fn lock(of: &str) -> Lock {
        let pin = Pin { digest: digest(of), platforms: BTreeSet::new() };
        Lock { images: uses().into_keys().map(|it| (it, pin.clone())).collect(), ..Lock::default() }
    }

    fn taken(lock: Option<&Lock>, base: &str, found: &str) -> Taken {
        take(lock, &uses(), &written("api/Dockerfile", base, found))
    }

    #[test]
    fn what_a_bot_wrote_goes_into_the_lock() {
        // The first digests, newer ones, and newer ones in a file that somebody edits as well.
        for (before, base, found) in [
            (None, BASE.to_owned(), pinned("new")),
            (Some(lock("old")), pinned("old"), pinned("new")),
            (
                Some(lock("old")),
                pinned("old"),
                format!("# mine\n{}# more\n", pinned("new").replace("/bin/uv", "/usr/uv")),
            ),
        ] {
            let taken = taken(before.as_ref(), &base, &found);
            assert_eq!(taken.lock.images["python:3.13-slim"].digest, digest("new"), "{found}");
            assert_eq!(taken.news["python:3.13-slim"], "api/Dockerfile");
            assert!(taken.left.is_empty() && taken.raised.is_empty(), "{taken:?}");
        }
    }

    #[test]
    fn what_was_locked_since_goes_before_what_a_bot_wrote() {
        let taken = taken(Some(&lock("newest")), &pinned("old"), &pinned("new"));
        assert_eq!((taken.lock, taken.news.len(), taken.left.len()), (lock("newest"), 0, 2));
    }

    #[test]
    fn of_two_different_news_none_is_taken() {
        let written = |of: &str, path: &str| super::written(path, &pinned("old"), &pinned(of));
        let both: Vec<Written> = written("new", "a").into_iter().chain(written("newer", "b")).collect();
        let taken = take(Some(&lock("old")), &uses(), &both);
        assert_eq!((taken.lock, taken.news.len(), taken.known.len(), taken.left.len()), (lock("old"), 0, 0, 0));
        let files = |path: &str| BTreeSet::from([path.to_owned()]);
        let expected = BTreeMap::from([(digest("new"), files("a")), (digest("newer"), files("b"))]);
        assert_eq!(taken.disputed["python:3.13-slim"], expected);
        // The lock decides as soon as somebody has looked up the newest.
        let taken = take(Some(&lock("newest")), &uses(), &both);
        assert!(taken.disputed.is_empty() && taken.left.len() == 4, "{taken:?}");
    }

    #[test]
    fn what_nobody_changed_and_what_is_no_pin_is_no_news() {
        for found in [
            pinned("old"),
            pinned("old").replace("python:3.13-slim@", "pypy:3.13-slim@"),
            pinned("old").replace(&format!("python:3.13-slim@{}", digest("old")), "python:3.13-slim"),
            pinned("old").replace("COPY --from=source", "COPY --from=other"),
        ] {
            let taken = taken(Some(&lock("old")), &pinned("old"), &found);
            assert_eq!((taken.lock, taken.news, taken.raised), (lock("old"), BTreeMap::new(), Vec::new()), "{found}");
        }
    }

    #[test]
    fn a_raised_tag_is_the_specs_to_say() {
        let found = pinned("new").replace("python:3.13", "python:3.14");
        let taken = taken(Some(&lock("old")), &pinned("old"), &found);
        let [raised] = taken.raised.as_slice() else { panic!("{taken:?}") };
        assert_eq!((raised.was.as_str(), raised.is.as_str()), ("python:3.13-slim", "python:3.14-slim"));
        assert_eq!(raised.at, Some(Path::parse("services.api.build")));
        assert!(!taken.lock.images.contains_key("python:3.14-slim"));
    }

    #[test]
    fn the_image_of_a_service_is_said_in_one_place() {
        assert!(is_image(&Path::of(["services", "api", "image"])));
        for it in ["backings.image", "services.image.build", "services.image", "ci.provider"] {
            assert!(!is_image(&Path::parse(it)), "{it}");
        }
    }

    #[test]
    fn an_older_tag_is_nothing_to_raise() {
        let found = pinned("new").replace("python:3.13", "python:3.9");
        assert_eq!(taken(Some(&lock("old")), &pinned("old"), &found).raised, []);
        for (newer, older) in [("postgres:18", "postgres:16"), ("a:5000/b:v1.12", "a:5000/b:v1.2"), ("a:1.1", "a:1")] {
            assert!(is_newer(newer, older) && !is_newer(older, newer) && !is_newer(newer, newer), "{newer}");
        }
    }

    #[test]
    fn an_action_is_taken_with_its_version() {
        let (old, new) = ("0123456789".repeat(4), "abcdef0123".repeat(4));
        let base = format!("      - uses: actions/checkout@{old} # v4.0.0\n");
        let found = format!("      - uses: actions/checkout@{new} # v5.0.0\n");
        let taken = taken(None, &base, &found);
        assert_eq!(taken.lock.actions["actions/checkout"], Action { version: "v5.0.0".into(), sha: new });
        assert!(super::written("", &base, &base.replace("checkout", "cache")).is_empty());
        // What no lock can hold stays in the file, as an edit.
        let odd = found.replace("v5.0.0", "tag=v5.0.0");
        assert_eq!(super::tests::taken(None, &base, &odd).lock, Lock::default());
        assert_eq!(repinned(&base, &odd, &["actions/checkout".to_owned()].into()), base);
        assert_eq!((actions(&found).count(), actions(&odd).count()), (1, 0));
    }

    #[test]
    fn texts_that_differ_in_pins_alone_are_told_from_others() {
        let names = differing(&pinned("old"), &pinned("new")).expect("they do");
        assert_eq!(names, uses().into_keys().collect());
        assert_eq!(differing(&pinned("old"), &pinned("old")), Some(BTreeSet::new()));
        assert_eq!(differing(&pinned("old"), &pinned("new").replace("/a /b", "/a /c")), None);
        assert_eq!(differing(&pinned("old"), &pinned("new").replace("3.13", "3.14")), None);
        assert_eq!(differing(&pinned("old"), &format!("{}\n", pinned("new"))), None);
        assert!(alike(&pinned("old"), &pinned("new").replace("3.13", "3.14")));
        assert!(!alike(&pinned("old"), &pinned("new").replace("python", "pypy")));
        assert!(!alike(&pinned("old"), &format!("{}\n", pinned("new"))));
        let (base, found) = (pinned("old"), format!("# mine\n{}", pinned("new")));
        assert_eq!(repinned(&base, &found, &uses().into_keys().collect()), pinned("new"));
        assert_eq!(repinned(&base, &found, &BTreeSet::new()), base);
    }
}
