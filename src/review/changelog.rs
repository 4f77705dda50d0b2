//! What `CHANGELOG.md` says of generated files: why forge wants another text than an older forge.

use schemars::JsonSchema;
use serde::Serialize;

/// The changelog of this forge.
pub const CHANGELOG: &str = include_str!("../../CHANGELOG.md");

/// Something that a version changed in generated files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Entry {
    /// The version that changed it.
    pub version: String,
    /// What, in a sentence.
    pub text: String,
}

/// What changed the artifact `id` in the versions after `from` and up to `to`, the latest version first. An entry that begins
/// with `[dockerfile]` or `[compose, nginx]` is about all artifacts of these kinds, one with `[script:secrets]` about that one; one
/// that begins with neither changes no generated file.
///
/// ```
/// let changelog = "## [0.2.0] - 2026-12-01\n### Changed\n- [nginx] HTTP/3.\n- `forge lint` is faster.\n\n## [0.1.0]\n- [nginx] A gateway.\n";
/// let entries = forge::review::concerning(changelog, "nginx:nginx.conf", "0.1.0", "0.2.0");
/// assert_eq!((entries.len(), entries[0].text.as_str()), (1, "HTTP/3."));
/// ```
pub fn concerning(changelog: &str, id: &str, from: &str, to: &str) -> Vec<Entry> {
    let (Some(from), Some(to)) = (version(from), version(to)) else { return Vec::new() };
    let is_about = |it: &&(String, Vec<String>, String)| {
        let kind = id.split(':').next().unwrap_or(id);
        let is_between = version(&it.0).is_some_and(|it| from < it && it <= to);
        is_between && it.1.iter().any(|tag| tag == kind || tag == id)
    };
    entries(changelog)
        .iter()
        .filter(is_about)
        .map(|(version, _, text)| Entry { version: version.clone(), text: text.clone() })
        .collect()
}

/// Each entry: its version, the artifacts and kinds that it begins with, and its text.
fn entries(changelog: &str) -> Vec<(String, Vec<String>, String)> {
    let mut out: Vec<(String, Vec<String>, String)> = Vec::new();
    let mut version = None;
    let mut is_open = false;
    for line in changelog.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.split([']', ' ']).next().unwrap_or_default();
            version = Some(name.trim_start_matches('[').to_owned());
            is_open = false;
        } else if let (Some(item), Some(version)) = (line.strip_prefix("- "), &version) {
            let tags = item.strip_prefix('[').and_then(|it| it.split_once("] "));
            let (tags, text) = tags.unwrap_or(("", item));
            let tags = tags.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
            out.push((version.clone(), tags, text.trim().to_owned()));
            is_open = true;
        } else if let Some((_, _, text)) = out.last_mut().filter(|_| is_open && line.starts_with(' ')) {
            // The lines below the first belong to it.
            text.push(' ');
            text.push_str(line.trim());
        } else {
            is_open = false;
        }
    }
    out
}

/// A version as numbers that can be compared; what follows a `-` or `+` does not count.
fn version(text: &str) -> Option<Vec<u64>> {
    let release = text.split(['-', '+']).next().unwrap_or(text);
    release.split('.').map(|it| it.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n## [Unreleased]\n- [compose] Not yet.\n\n## [0.10.0] - 2026-12-01\n\n### Changed\n\n- [dockerfile, compose] Two\n  lines.\n- [script:secrets] One script.\n- Nothing generated.\n\n## [0.9.0] - 2026-11-01\n- [dockerfile] Old.\n\n## 0.8.0\n- [dockerfile] Older.\n";

    #[test]
    fn entries_are_told_to_whom_they_concern() {
        let told = |id, from, to| {
            concerning(TEXT, id, from, to).iter().map(|it| format!("{} {}", it.version, it.text)).collect::<Vec<_>>()
        };
        assert_eq!(told("dockerfile:api", "0.8.0", "0.10.0"), ["0.10.0 Two lines.", "0.9.0 Old."]);
        assert_eq!(told("dockerfile:api", "0.7.9", "0.9.1"), ["0.9.0 Old.", "0.8.0 Older."]);
        assert_eq!(told("compose", "0.9.0", "0.10.0-rc.1"), ["0.10.0 Two lines."]);
        assert_eq!(told("script:secrets", "0.9.0", "0.10.0"), ["0.10.0 One script."]);
        assert!(told("script:certificates", "0.1.0", "0.10.0").is_empty());
        assert!(told("dockerfile:api", "0.10.0", "0.8.0").is_empty(), "an older forge than before");
        assert!(told("dockerfile:api", "what", "0.10.0").is_empty());
    }

    #[test]
    fn the_changelog_names_kinds_that_there_are() {
        let kinds = [
            "dockerfile",
            "dockerignore",
            "entrypoint",
            "compose",
            "nginx",
            "env",
            "script",
            "secrets",
            "maintenance",
            "lines",
            "ci",
            "backing",
        ];
        let entries = entries(CHANGELOG);
        assert!(entries.iter().any(|(_, tags, _)| !tags.is_empty()), "none is about a generated file");
        for (version, tags, text) in &entries {
            for tag in tags {
                let kind = tag.split(':').next().unwrap_or(tag);
                assert!(kinds.contains(&kind) || kind.starts_with("file/"), "{version}: {tag}: {text}");
            }
        }
    }
}
