//! Tags that a bot raised in generated files: what somebody writes into the spec, so that all files follow.

use super::project::Project;
use crate::catalog::Entry;
use crate::diagnostic::{Path, Step};
use crate::pins::{Raised, is_image};
use crate::yaml::Node;

/// What to do about a tag that a file has and the spec does not ask for.
pub(super) fn advice(project: &Project, raised: &Raised) -> String {
    let Some(at) = &raised.at else { return "ask for it in the spec, then all files follow".to_owned() };
    if is_image(at) {
        return format!("write `image: {}` there, then all files follow", raised.is);
    }
    let Some((entry, node)) = asked(project, at) else { return "ask for it there, then all files follow".to_owned() };
    let current = node.and_then(|it| it.get("version")?.text()).unwrap_or(&entry.default_version);
    let is_meant = |version: &&String| with_version(&raised.was, current, version).is_some_and(|it| it == raised.is);
    if let Some(version) = entry.versions.keys().find(is_meant) {
        return format!("write `version: \"{version}\"` there, then all files follow");
    }
    let known: Vec<&str> = entry.versions.keys().map(String::as_str).collect();
    if with_version(&raised.was, current, "").is_none() {
        return "forge itself says which version of that goes with it: put the line back, and raise forge".to_owned();
    }
    format!(
        "forge knows {} of {}, and not that one: put the line back until a newer forge does",
        known.join(", "),
        entry.title
    )
}

/// `image` with another version in its tag; `None` where its tag does not hold the `current` one.
fn with_version(image: &str, current: &str, other: &str) -> Option<String> {
    let name = crate::pins::repository(image);
    let tag = image.strip_prefix(name)?.strip_prefix(':')?;
    let rest = tag.strip_prefix(current).filter(|it| !it.starts_with(|it: char| it.is_ascii_digit()))?;
    Some(format!("{name}:{other}{rest}"))
}

/// What of the catalogue a place in the spec asks for, and the part of the spec that names its version.
fn asked<'a>(project: &'a Project, at: &Path) -> Option<(&'a Entry, Option<&'a Node>)> {
    let steps: Vec<&str> =
        at.0.iter().filter_map(|it| if let Step::Key(key) = it { Some(&**key) } else { None }).collect();
    let node = |steps: &[&str]| steps.iter().try_fold(&project.doc.root, |node, key| node.get(key));
    match steps[..] {
        ["services", name, "build"] => {
            let node = node(&["services", name, "build"])?;
            Some((project.catalog.stacks.get(node.get("stack")?.text()?)?, Some(node)))
        }
        ["backings", name] => {
            let node = node(&["backings", name])?;
            Some((project.catalog.backings.get(node.get("kind")?.text()?)?, Some(node)))
        }
        ["gateway"] => Some((&project.catalog.gateway, node(&["gateway"]))),
        _ => None,
    }
}
