//! Which folders hold programs that run, of which stack, and what of them belongs together.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Confidence, Evidence, Fact, Found};
use super::rules::{Scope, shown};
use super::service::{Draft, Look};
use super::tree::{Tree, folder_of, join, name_of, upwards, within};
use crate::catalog::{Detection, StackDetection};

/// Programs lie no deeper below a repository, but what they are made of.
const DEEPEST: usize = 5;

/// The folders that hold programs of a stack: those with one of its manifests, or with what shows it where nothing has one.
pub(super) fn candidates<'k>(
    tree: &Tree<'_>,
    known: &'k Detection,
    by: &str,
) -> Vec<(String, String, &'k StackDetection)> {
    let common = &known.common;
    let is_aside = |folder: &str| {
        folder
            .split('/')
            .any(|part| part.starts_with('.') && part.len() > 1 || common.aside.iter().any(|it| it == part))
    };
    let mut out = Vec::new();
    for (name, stack) in &known.stacks {
        let globs = if by == "manifest" { &stack.manifests } else { &stack.bare };
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        for glob in globs.iter() {
            let depth = glob.matches('/').count();
            for file in tree.glob("", glob).into_iter().chain(tree.glob("", &format!("**/{glob}"))) {
                let mut folder = folder_of(file);
                for _ in 0..depth {
                    folder = folder_of(folder);
                }
                if folder.matches('/').count() < DEEPEST && !is_aside(folder) {
                    folders.insert(folder);
                }
            }
        }
        for folder in folders {
            let scope = Scope::new(tree, stack, folder, &[], &common.aside);
            if stack.only.is_empty() || scope.any(&stack.only) {
                out.push((folder.to_owned(), name.clone(), stack));
            }
        }
    }
    if by == "bare" {
        // Without any manifest only the uppermost folder is a program.
        let least = out.iter().map(|(it, ..)| depth(it)).min().unwrap_or(0);
        out.retain(|(folder, ..)| depth(folder) == least);
    }
    out
}

fn depth(folder: &str) -> usize {
    folder.split('/').filter(|it| !it.is_empty()).count()
}

/// How much speaks for a draft as what the folder is there for.
fn rank(draft: &Draft<'_>) -> (u8, bool, u8) {
    let role = match draft.service.role.as_ref() {
        Some(it) if it.confidence == Confidence::Low => 1,
        Some(it) if matches!(it.value.as_str(), "web" | "grpc" | "worker") => 3,
        Some(it) if it.value == "static" => 2,
        Some(_) => 1,
        None => 0,
    };
    (role, draft.is_shipped, draft.scope.stack.weight)
}

/// Of several stacks in one folder the one that serves; the others are built into it.
pub(super) fn one_for_each_folder<'t>(drafts: Vec<Draft<'t>>, folders: &BTreeSet<String>) -> Vec<Draft<'t>> {
    let mut by_folder: BTreeMap<String, Vec<Draft<'t>>> = folders.iter().map(|it| (it.clone(), Vec::new())).collect();
    for draft in drafts {
        by_folder.entry(draft.scope.folder.clone()).or_default().push(draft);
    }
    by_folder
        .into_values()
        .filter_map(|mut drafts| {
            drafts.sort_by_key(|it| std::cmp::Reverse(rank(it)));
            let mut drafts = drafts.into_iter();
            let mut first = drafts.next()?;
            for other in drafts {
                if other.service.language != first.service.language {
                    first.service.also.push(other.service.stack.with(other.service.language.clone()));
                }
            }
            Some(first)
        })
        .collect()
}

/// Those that run; libraries and tools are told. Where nothing runs, the uppermost folder is asked about.
pub(super) fn deployed<'t>(drafts: Vec<Draft<'t>>, workspaces: &[Workspace], found: &mut Found) -> Vec<Draft<'t>> {
    let is_alone = drafts.len() == 1;
    // What a workspace starts is one of its members.
    let is_workspace = |it: &Draft<'_>| workspaces.iter().any(|(root, ..)| *root == it.scope.folder);
    let runs = |it: &Draft<'_>| {
        let is_started = it.is_shipped || it.linked.is_some() && it.service.role.is_some();
        rank(it).0 >= 2 || is_started && !is_workspace(it)
    };
    let any = drafts.iter().any(runs);
    let least = drafts.iter().map(|it| depth(&it.scope.folder)).min().unwrap_or(0);
    let (kept, dropped): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|it| {
        is_alone || runs(it) || !any && (it.service.start.is_some() || depth(&it.scope.folder) == least)
    });
    let kept_any_start = kept.iter().any(|it| it.service.start.is_some());
    let (kept, idle): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|it| !kept_any_start || it.service.start.is_some() || it.service.role.is_some());
    for it in dropped.into_iter().chain(idle) {
        let why = format!(
            "a folder with {} that nothing starts: a library or a workspace, and no service",
            it.service.language
        );
        found.notes.push(Evidence::place(shown(&it.scope.folder), None).because(why));
    }
    kept
}

/// Takes out front ends that are built into the program around them: one that lies below it, and that its Dockerfile or its
/// code names.
pub(super) fn built_in(tree: &Tree<'_>, drafts: &mut Vec<Draft<'_>>) {
    let is_static = |it: &Draft<'_>| it.service.role.as_ref().is_some_and(|it| it.value == "static");
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (inner, front) in drafts.iter().enumerate().filter(|(_, it)| is_static(it) && it.linked.is_none()) {
        let around = drafts.iter().enumerate().find(|(_, it)| {
            !is_static(it)
                && it.scope.folder != front.scope.folder
                && it.service.stack.value != front.service.stack.value
                && within(&front.scope.folder, &it.scope.folder).is_some()
        });
        let Some((outer, around)) = around else { continue };
        let path = within(&front.scope.folder, &around.scope.folder).unwrap_or_default();
        let is_copied = around.dockerfile.as_ref().is_some_and(|it| {
            tree.text(&it.file)
                .is_some_and(|text| text.contains(&format!("{path}/")) || text.contains(&format!(" {path} ")))
        });
        let is_embedded = || {
            around.scope.sources.iter().filter_map(|it| tree.text(it)).any(|text| {
                text.contains(&format!("{path}/dist"))
                    || text.contains(&format!("{path}/build"))
                    || text.contains(&format!("embed {path}"))
            })
        };
        if is_copied || is_embedded() {
            taken.push((inner, outer));
        }
    }
    for (inner, outer) in &taken {
        let front = &drafts[*inner].service;
        let words = format!("{} in {}, built into it", front.language, front.path);
        let fact = front.stack.with(words);
        drafts[*outer].service.also.push(fact);
    }
    let mut index = 0;
    drafts.retain(|_| {
        index += 1;
        !taken.iter().any(|(inner, _)| inner + 1 == index)
    });
}

/// A folder whose members are built from it, their language, and their patterns.
pub(super) type Workspace = (String, String, Vec<String>);

/// All workspaces around programs.
pub(super) fn workspaces(tree: &Tree<'_>, candidates: &[(String, String, &StackDetection)]) -> Vec<Workspace> {
    let own = candidates.iter().map(|(folder, _, stack)| (folder.as_str(), *stack));
    // A workspace may have no program of its own, and then is no candidate.
    let above = candidates
        .iter()
        .flat_map(|(folder, _, stack)| upwards(folder).into_iter().skip(1).map(move |it| (it, *stack)));
    let mut asked: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut out: Vec<Workspace> = Vec::new();
    for (folder, stack) in own.chain(above) {
        if stack.members.is_empty() || !asked.insert((folder, &stack.language)) {
            continue;
        }
        let scope = Scope::bare(tree, stack, folder);
        let members: Vec<String> = scope.every(&stack.members).into_iter().map(|it| it.value).collect();
        if !members.is_empty() {
            out.push((folder.to_owned(), stack.language.clone(), members));
        }
    }
    out
}

/// The folder that a program is built from: that of its workspace. Whether it is a member of one.
pub(super) fn context(draft: &mut Draft<'_>, workspaces: &[Workspace]) -> bool {
    let folder = draft.scope.folder.clone();
    let language = &draft.service.language;
    let around = workspaces.iter().find(|it| it.1 == *language && it.0 != folder && is_member(&folder, it));
    let Some((root, ..)) = around else { return false };
    draft.service.context = shown(root);
    draft.scope.member = within(&folder, root).map(str::to_owned);
    true
}

/// Whether a folder is one of those that a workspace names.
pub(super) fn is_member(folder: &str, (root, _, members): &Workspace) -> bool {
    within(folder, root).is_some_and(|path| {
        members.iter().any(|member| {
            // Solutions are written on Windows.
            let member = member.replace('\\', "/");
            let member = member.trim_start_matches("./").trim_end_matches('/');
            globset::Glob::new(member).is_ok_and(|it| it.compile_matcher().is_match(path)) || member == path
        })
    })
}

/// A folder with several programs is several services.
pub(super) fn programs<'t>(look: &Look<'t>, mut draft: Draft<'t>) -> Vec<Draft<'t>> {
    let found = draft.scope.every(&draft.scope.stack.programs);
    let mut members: Vec<(String, Evidence)> = Vec::new();
    for it in found {
        let member = if it.value.is_empty() { ".".to_owned() } else { it.value };
        if !members.iter().any(|(known, _)| *known == member) {
            members.push((member, it.evidence[0].clone()));
        }
    }
    if let [(member, _)] = &members[..] {
        draft.scope.program = Some(member.clone());
        look.fill(&mut draft);
    }
    if members.len() < 2 {
        return vec![draft];
    }
    let folder = draft.scope.folder.clone();
    let stack = draft.scope.stack;
    let paths: Vec<String> = members.iter().map(|(it, _)| join(&folder, it)).collect();
    let mut out = Vec::new();
    for (member, evidence) in members {
        let mut one = look.draft(&draft.service.stack.value, stack, &folder, &[]);
        let own = join(&folder, &member);
        // Its own files, and those that it shares with the others; not the others' own.
        one.scope.sources.retain(|file| {
            let at = folder_of(file);
            at == own || !paths.iter().any(|it| it == at)
        });
        one.scope.sources.sort_by_key(|file| folder_of(file) != own);
        one.scope.variables = look.variables(&one.scope, &one.env_files);
        one.scope.program = Some(member.clone());
        one.service.program = Some(member);
        one.service.stack.evidence.insert(0, evidence);
        look.fill(&mut one);
        out.push(one);
    }
    let serves = |it: &Draft<'_>| it.service.role.is_some() && serves_itself(it);
    let is_tool = |it: &Draft<'_>| {
        let name = it.service.program.as_deref().map(name_of).unwrap_or_default();
        look.known.common.tools.iter().any(|pattern| look.tree.fits(pattern, name))
    };
    let is_worker = |it: &Draft<'_>| {
        let name = it.service.program.as_deref().map(name_of).unwrap_or_default();
        !serves_itself(it) && look.known.common.workers.iter().any(|pattern| look.tree.fits(pattern, name))
    };
    for worker in out.iter_mut().filter(|it| is_worker(it)) {
        let evidence = Evidence::why("it is called so, and nothing shows that it listens");
        worker.scope.role = Some("worker".to_owned());
        worker.service.role = Some(Fact::new("worker".to_owned(), evidence, Confidence::Medium));
        (worker.service.port, worker.service.health, worker.service.migrate) = (None, None, None);
    }
    if out.iter().any(serves) {
        out.retain(|it| serves(it) || is_worker(it));
    } else if !out.iter().all(is_tool) {
        out.retain(|it| !is_tool(it));
    }
    out
}

/// Whether the files of one program among several show that it serves.
fn serves_itself(draft: &Draft<'_>) -> bool {
    let own = join(&draft.scope.folder, draft.service.program.as_deref().unwrap_or_default());
    let sources = draft.scope.sources.iter().filter(|it| folder_of(it) == own).cloned().collect();
    draft.scope.only(sources).any(&draft.scope.stack.serves)
}
