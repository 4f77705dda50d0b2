//! What a member of a workspace is made of: other members that are built before it.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Evidence, Fact};
use super::programs::{Workspace, is_member};
use super::rules::{Scope, normal};
use super::service::{Draft, Look};
use super::tree::{join, within};

/// A member, as others depend on it.
struct Member {
    /// Its folder, from the root of the workspace.
    folder: String,
    /// Where it says that something has to be built, and by which script.
    built: Option<Fact<String>>,
    packages: Vec<String>,
}

/// The members of workspaces, by the root and the name that others know them by.
#[derive(Default)]
pub(super) struct Members(BTreeMap<String, BTreeMap<String, Member>>);

impl Members {
    /// Reads the members of all workspaces that drafts belong to.
    pub(super) fn new(look: &Look<'_>, drafts: &[Draft<'_>], workspaces: &[Workspace]) -> Members {
        let mut out = Members::default();
        for draft in drafts.iter().filter(|it| it.scope.member.is_some()) {
            let root = join("", &draft.service.context);
            let Some(rules) = &draft.scope.stack.built_members else { continue };
            let Some(workspace) = workspaces.iter().find(|it| it.0 == root && it.1 == draft.service.language) else {
                continue;
            };
            out.0.entry(root.clone()).or_insert_with(|| {
                let folders = look.folders.iter().filter(|it| **it != root && is_member(it, workspace));
                let members = folders.filter_map(|folder| {
                    let mut scope = Scope::bare(look.tree, draft.scope.stack, folder);
                    scope.find_packages();
                    let name = scope.find(std::slice::from_ref(&rules.name))?.value;
                    let packages = scope.packages.keys().cloned().collect();
                    let built = scope.find(&rules.when);
                    let folder = within(folder, &root)?.to_owned();
                    Some((normal(&name), Member { folder, built, packages }))
                });
                members.collect()
            });
        }
        out
    }

    /// Says in the options of a member which others are built before it, those that others need first.
    pub(super) fn tell(&self, draft: &mut Draft<'_>) {
        let Some(members) = self.0.get(&join("", &draft.service.context)) else { return };
        let Some(rules) = draft.scope.stack.built_members.as_ref().filter(|_| draft.scope.member.is_some()) else {
            return;
        };
        let (mut seen, mut built) = (BTreeSet::new(), Vec::new());
        for name in draft.scope.packages.keys() {
            collect(name, members, &mut seen, &mut built);
        }
        let own = draft.scope.member.as_deref();
        built.retain(|it| Some(it.folder.as_str()) != own);
        let Some(first) = built.first().and_then(|it| it.built.as_ref()) else { return };
        if draft.scope.any(&rules.alone) {
            let script = first.with(first.value.clone());
            draft.service.options.entry(rules.script.clone()).or_insert(script);
            return;
        }
        let folders: Vec<&str> = built.iter().map(|it| it.folder.as_str()).collect();
        let evidence: Vec<Evidence> =
            built.iter().filter_map(|it| it.built.as_ref()?.evidence.first().cloned()).collect();
        let fact = Fact { value: folders.join(" "), evidence, confidence: first.confidence };
        draft.service.options.insert(rules.option.clone(), fact);
    }
}

/// A member and all that it depends on, those first that nothing of the workspace is needed for.
fn collect<'m>(
    name: &str,
    members: &'m BTreeMap<String, Member>,
    seen: &mut BTreeSet<String>,
    built: &mut Vec<&'m Member>,
) {
    let Some(member) = members.get(name).filter(|_| seen.insert(name.to_owned())) else { return };
    for it in &member.packages {
        collect(it, members, seen, built);
    }
    if member.built.is_some() {
        built.push(member);
    }
}
