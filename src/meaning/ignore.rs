//! A `.dockerignore` or `.gitignore`: its patterns, and what of what should never get into an image or a repository they
//! keep out, as Docker and git decide it: the last pattern that fits wins, and one with `!` takes back in.

use std::collections::HashSet;

use super::subject::{Risk, Subject};
use super::words::words;
use crate::lint::dockerignore::{self, Dockerignore};

words! {
    KEPT_OUT = "{key}", "keeps {key} out of the build", "no longer keeps {key} out of the build", "{key}";
    UNTRACKED = "{key}", "keeps {key} out of git", "no longer keeps {key} out of git", "{key}";
    LEFT_OUT = "pattern {key}", "leaves out {key}", "no longer leaves out {key}", "pattern {key}";
    TAKEN_BACK = "exception {key}", "takes {key} back in", "no longer takes {key} back in", "exception {key}";
}

/// What nobody wants in an image, each with a path of its kind.
const PRIVATE: [(&str, &str); 14] = [
    (".env", ".env"),
    (".env in folders", "any/folder/.env"),
    (".env.* files", "any/folder/.env.production"),
    (".git", ".git/config"),
    ("*.key files", "any/folder/server.key"),
    ("*.pem files", "any/folder/server.pem"),
    ("*.p12 files", "any/folder/server.p12"),
    ("id_rsa", "any/folder/id_rsa"),
    (".ssh", ".ssh/id_ed25519"),
    (".aws", ".aws/credentials"),
    (".netrc", ".netrc"),
    (".npmrc", ".npmrc"),
    (".docker/config.json", ".docker/config.json"),
    ("secrets", "secrets/DB_PASSWORD"),
];

/// What a `.dockerignore` says: any text can be read.
pub(super) fn read(text: &str) -> Vec<Subject> {
    let file = dockerignore::read(text);
    let mut subject = patterns(&file);
    for (name, _) in PRIVATE.iter().filter(|(_, path)| file.ignores(path)) {
        subject.say(&KEPT_OUT, *name, "", &file.head()).risk(Risk::GUARDS);
    }
    vec![subject]
}

/// What a `.gitignore` says: any text can be read.
pub(super) fn git(text: &str) -> Vec<Subject> {
    let file = dockerignore::read(text);
    let mut subject = patterns(&file);
    // The same in Docker's words: there, a pattern without a slash fits in the topmost folder only.
    let same: String = file.patterns.iter().map(|it| docker(it.text) + "\n").collect();
    let same = dockerignore::read(&same);
    if same.ignores("any/file") && same.ignores("file") {
        subject.say(&UNTRACKED, "everything", "", &file.head()).risk(Risk::GUARDS);
        return vec![subject];
    }
    for (name, _) in PRIVATE.iter().filter(|(name, path)| *name != ".git" && same.ignores(path)) {
        subject.say(&UNTRACKED, *name, "", &file.head()).risk(Risk::GUARDS);
    }
    vec![subject]
}

/// A pattern of git's as Docker writes it.
fn docker(pattern: &str) -> String {
    let (sign, pattern) = pattern.strip_prefix('!').map_or(("", pattern), |it| ("!", it));
    let pattern = pattern.trim_end_matches('/');
    let anywhere = if pattern.contains('/') { "" } else { "**/" };
    format!("{sign}{anywhere}{pattern}")
}

/// The patterns of a file, each once; their order counts where one takes something back in.
fn patterns(file: &Dockerignore<'_>) -> Subject {
    let mut subject = Subject::new("", "", 0..0);
    let is_ordered = file.patterns.iter().any(|it| it.text.starts_with('!'));
    let mut seen = HashSet::new();
    for pattern in &file.patterns {
        let (words, key) = match pattern.text.strip_prefix('!') {
            Some(rest) => (&TAKEN_BACK, rest.trim()),
            None => (&LEFT_OUT, pattern.text),
        };
        if is_ordered {
            subject.order.push(pattern.text.to_owned());
        }
        if seen.insert(pattern.text) {
            subject.say(words, key, "", &pattern.bytes);
        }
    }
    subject
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{check, said};

    #[test]
    fn patterns_have_their_words_and_what_they_protect_too() {
        check(
            ".dockerignore",
            &[
                ("a\nb\n", "b\n# why\na\na\n", &[]),
                (
                    "a\n**/.env*\n",
                    "a\n",
                    &[
                        "! no longer keeps .env out of the build",
                        "! no longer keeps .env in folders out of the build",
                        "! no longer keeps .env.* files out of the build",
                        "no longer leaves out **/.env*",
                    ],
                ),
                ("a\n.git\n.git/**", "a\n.git\n", &["no longer leaves out .git/**"]),
                (
                    "**/*.pem",
                    "**/*.pem\n!**/*.pem",
                    &["! no longer keeps *.pem files out of the build", "takes **/*.pem back in"],
                ),
                ("!.git\n.git", ".git\n!.git", &["! no longer keeps .git out of the build", ".git comes earlier"]),
                ("", "target", &["leaves out target"]),
            ],
            str::to_owned,
        );
        assert_eq!(said("api/Dockerfile.dockerignore", "a", "a\r\n"), [""; 0]);
    }

    #[test]
    fn what_git_is_kept_from_seeing_has_its_words() {
        let gone = ["! no longer keeps everything out of git", "no longer leaves out *"];
        check(
            "secrets/.gitignore",
            &[
                ("*\n!.gitignore\n", "!.gitignore\n", &gone),
                (
                    "*\n",
                    ".env\n",
                    &[
                        "! no longer keeps everything out of git",
                        "leaves out .env",
                        "keeps .env out of git",
                        "keeps .env in folders out of git",
                        "no longer leaves out *",
                    ],
                ),
                (
                    "/secrets/*\n",
                    "target/\n",
                    &["! no longer keeps secrets out of git", "leaves out target/", "no longer leaves out /secrets/*"],
                ),
            ],
            str::to_owned,
        );
    }
}
