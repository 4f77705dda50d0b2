//! A configuration for Renovate that goes with generated files and `forge.lock`. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::diagnostic::Path;
use crate::pins::repository;

/// The text of a `renovate.json` for a project that `uses` these images, each with its places in the spec.
///
/// What forge pins is raised in one pull request, in files and lock together. Versions that the spec says with `version`
/// wait for somebody's word: raised in a file alone, they would be an edit of it.
pub fn renovate(uses: &BTreeMap<String, BTreeSet<Path>>) -> String {
    let is_named = |at: &BTreeSet<Path>| at.iter().any(|it| it.to_string().ends_with(".image"));
    let held: BTreeSet<&str> = uses.iter().filter(|(_, at)| !is_named(at)).map(|(name, _)| repository(name)).collect();
    let mut rules = vec![json!({
        "description": "what forge pins moves together",
        "matchDatasources": ["docker", "github-tags", "github-releases"],
        "matchUpdateTypes": ["digest", "pin", "pinDigest"],
        "groupName": "pins of forge",
        "groupSlug": "forge-pins",
    })];
    if !held.is_empty() {
        rules.push(json!({
            "description": "versions of these are the spec's to say: raise `version` there, and run forge",
            "matchDatasources": ["docker"],
            "matchPackageNames": held,
            "matchUpdateTypes": ["major", "minor", "patch"],
            "dependencyDashboardApproval": true,
        }));
    }
    let config = json!({
        "$schema": "https://docs.renovatebot.com/renovate-schema.json",
        "extends": ["config:recommended"],
        // Setting it replaces what the preset has.
        "ignorePaths": [".forge/**", "**/.forge/**", "**/node_modules/**", "**/vendor/**"],
        "customManagers": [
            {
                "customType": "regex",
                "description": "the digests in forge.lock",
                "managerFilePatterns": [r"/(^|/)forge\.lock$/"],
                "matchStrings": [LOCK],
                "datasourceTemplate": "docker",
            },
            {
                "customType": "regex",
                "description": "the images of others that the spec names, which files and forge.lock follow",
                "managerFilePatterns": [r"/(^|/)forge\.ya?ml$/"],
                "matchStrings": [SPEC],
                "datasourceTemplate": "docker",
            },
        ],
        "packageRules": rules,
    });
    serde_json::to_string_pretty(&config).expect("plain data is JSON") + "\n"
}

/// An entry of `forge.lock`, as Renovate reads it.
const LOCK: &str = r#"\n  (?<depName>[a-z0-9][^\s"@]*?):(?<currentValue>[^\s"@/:]+):\n    digest: (?<currentDigest>sha256:[a-f0-9]{64})"#;

/// `image:` in a spec, in a line of its own or between braces.
const SPEC: &str = r#"[\s{,]image:\s*["']?(?<depName>[a-z0-9][^\s"'@,}]*?):(?<currentValue>[^\s"'@/:,}]+)(@(?<currentDigest>sha256:[a-f0-9]{64}))?["'\s,}]"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::{Lock, Pin};

    /// What a pattern finds: names, tags and digests.
    fn found(pattern: &str, text: &str) -> Vec<[String; 3]> {
        let pattern = regex::Regex::new(pattern).expect("Renovate's RE2 has this syntax, too");
        let part = |it: &regex::Captures<'_>, name: &str| it.name(name).map_or("", |it| it.as_str()).to_owned();
        pattern
            .captures_iter(text)
            .map(|it| ["depName", "currentValue", "currentDigest"].map(|name| part(&it, name)))
            .collect()
    }

    #[test]
    fn renovate_reads_what_forge_writes() {
        let digest = format!("sha256:{}", crate::compare::digest(b"a"));
        let pin = Pin { digest: digest.clone(), platforms: BTreeSet::from(["linux/amd64".to_owned()]) };
        let names = ["ghcr.io/astral-sh/uv:0.13", "python:3.13-slim", "registry.example:5000/a:1"];
        let lock = Lock { images: names.map(|it| (it.to_owned(), pin.clone())).into(), ..Lock::default() };
        let entry = |name: &str, tag: &str| [name.to_owned(), tag.to_owned(), digest.clone()];
        let wanted = [
            entry("ghcr.io/astral-sh/uv", "0.13"),
            entry("python", "3.13-slim"),
            entry("registry.example:5000/a", "1"),
        ];
        assert_eq!(found(LOCK, &lock.text()), wanted);
        let spec = "services:\n  a: { image: traefik/whoami:v1.11, port: 80 }\n  b:\n    image: \"registry.example:5000/a:1\"\n";
        let entry = |name: &str, tag: &str| [name.to_owned(), tag.to_owned(), String::new()];
        assert_eq!(found(SPEC, spec), [entry("traefik/whoami", "v1.11"), entry("registry.example:5000/a", "1")]);
    }

    #[test]
    fn only_versions_of_the_spec_wait() {
        let at = |it: &str| BTreeSet::from([Path::parse(it)]);
        let uses = [
            ("python:3.13-slim".to_owned(), at("services.api.build")),
            ("traefik/whoami:v1.11".to_owned(), at("services.who.image")),
        ];
        let config: serde_json::Value = serde_json::from_str(&renovate(&uses.into())).expect("it is JSON");
        assert_eq!(config["packageRules"][1]["matchPackageNames"], json!(["python"]));
    }
}
