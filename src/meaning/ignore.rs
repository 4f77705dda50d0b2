//! A `.dockerignore`: its patterns, and what of what should never get into an image they keep out of the build, as Docker
//! decides it: the last pattern that fits wins, and one with `!` takes back in.

use std::collections::HashSet;

use super::subject::{Risk, Subject};
use super::words::words;
use crate::lint::dockerignore;

words! {
    KEPT_OUT = "{key}", "keeps {key} out of the build", "no longer keeps {key} out of the build", "{key}";
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

/// What a text says: any text can be read.
pub(super) fn read(text: &str) -> Vec<Subject> {
    let file = dockerignore::read(text);
    let mut subject = Subject::new("", "", 0..0);
    let takes_back = |it: &str| it.starts_with('!');
    let is_ordered = file.patterns.iter().any(|it| takes_back(it.text));
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
    let head = file.head();
    for (name, path) in PRIVATE {
        if file.ignores(path) {
            subject.say(&KEPT_OUT, name, "", &head).risk(Risk::GUARDS);
        }
    }
    vec![subject]
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
}
