//! Workflows of GitHub, by job and step, and pipelines of GitLab, by job.

use super::subject::{Risk, Subject};
use super::value::{bytes, canonical, documents, image, items, tree, variable};
use super::words::{ENVIRONMENT, IMAGE, SETTING, words};
use crate::yaml::{Node, Value};

words! {
    ACTION = "action", "uses {after}", "no longer uses {before}", "uses {before} → {after}";
    LIMITED = "limits of the token", "permissions of the token limited", "permissions of the token no longer limited", "permissions of the token";
    PERMISSION = "permission {key}", "permission {key} {after}", "permission {key} {before} taken away", "permission {key} {before} → {after}";
    SCRIPT = "script", "script added", "script removed", "script {before} → {after}";
    TRIGGER = "trigger {key}", "triggered by {key}", "no longer triggered by {key}", "trigger {key}";
    WITH = "input {key}", "input {key} {after} added", "input {key} {before} removed", "input {key} {before} → {after}";
}

/// What a workflow says; `None` where the text is none.
pub(super) fn github(text: &str) -> Option<Vec<Subject>> {
    let root = only_document(text)?;
    let mut file = Subject::new("", "", 0..0);
    let mut out = Vec::new();
    for (key, it) in root.entries() {
        match key {
            "jobs" => {}
            "on" => triggers(&mut file, it),
            "permissions" => permissions(&mut file, it),
            "env" => environment(&mut file, it),
            _ => tree(&mut file, key, it, None),
        }
    }
    out.push(file);
    for (name, it) in root.get("jobs").into_iter().flat_map(Node::entries) {
        job(name, it, &mut out);
    }
    Some(out)
}

/// What a pipeline says; `None` where the text is none.
pub(super) fn gitlab(text: &str) -> Option<Vec<Subject>> {
    let root = only_document(text)?;
    let mut file = Subject::new("", "", 0..0);
    let mut out = Vec::new();
    for (key, it) in root.entries() {
        match (key, &it.value) {
            ("variables", _) => environment(&mut file, it),
            ("default" | "workflow" | "include" | "spec", _) | (_, Value::List(_)) => tree(&mut file, key, it, None),
            (_, Value::Map(_)) => {
                let mut subject = Subject::new("job", format!("job {key}"), it.key.clone());
                for (key, it) in it.entries() {
                    match key {
                        "variables" => environment(&mut subject, it),
                        "image" => {
                            let text = it.get("name").map_or_else(|| canonical(it), canonical);
                            subject.say(&IMAGE, "image", canonical(it), &bytes(it)).risk(image(&text)).main();
                        }
                        _ => tree(&mut subject, key, it, None),
                    }
                }
                out.push(subject);
            }
            _ => tree(&mut file, key, it, None),
        }
    }
    out.insert(0, file);
    Some(out)
}

fn only_document(text: &str) -> Option<Node> {
    let mut them = documents(text)?.into_iter().filter(|it| it.value != Value::Null);
    let first = them.next().unwrap_or_default();
    (matches!(first.value, Value::Map(_) | Value::Null) && them.next().is_none()).then_some(first)
}

fn triggers(file: &mut Subject, node: &Node) {
    // They run with secrets, for what strangers send in.
    let risk = |name: &str| {
        if matches!(name, "pull_request_target" | "workflow_run" | "issue_comment") { Risk::GRANTS } else { Risk::NONE }
    };
    for (name, at) in items(node).into_iter().filter(|_| !matches!(node.value, Value::Map(_))) {
        let risk = risk(&name);
        file.say(&TRIGGER, name, "", &at).risk(risk);
    }
    for (name, it) in node.entries() {
        file.say(&TRIGGER, name, "", &it.key).risk(risk(name));
        for (key, it) in it.entries() {
            tree(file, &format!("on.{name}.{key}"), it, Some((&TRIGGER, name)));
        }
    }
}

fn permissions(subject: &mut Subject, node: &Node) {
    let level = |it: &str| match it {
        "write" | "write-all" => 2.0,
        "read" | "read-all" => 1.0,
        _ => 0.0,
    };
    subject
        .say(&LIMITED, "", "", &bytes(node))
        .risk(Risk::of(if canonical(node) == "write-all" { 1.0 } else { 0.0 }, 1.0));
    if let Some(all) = node.text() {
        subject.say(&PERMISSION, "everything", all, &bytes(node)).risk(Risk::of(level(all), 0.0));
    }
    for (name, it) in node.entries() {
        let text = canonical(it);
        subject.say(&PERMISSION, name, &text, &bytes(it)).risk(Risk::of(level(&text), 0.0));
    }
}

fn environment(subject: &mut Subject, node: &Node) {
    for (name, it) in node.entries() {
        variable(subject, &ENVIRONMENT, name, Some(&canonical(it)), &bytes(it));
    }
}

fn job(name: &str, node: &Node, out: &mut Vec<Subject>) {
    let mut subject = Subject::new("job", format!("job {name}"), node.key.clone());
    let index = out.len();
    for (key, it) in node.entries() {
        match key {
            "steps" => {}
            "permissions" => permissions(&mut subject, it),
            "env" => environment(&mut subject, it),
            "needs" => {
                for (name, at) in items(it) {
                    subject.say(&SETTING, format!("need of job {name}"), "", &at);
                }
            }
            "uses" => action(&mut subject, it),
            "secrets" if it.text() == Some("inherit") => {
                subject.say(&SETTING, "secrets", "inherit", &bytes(it)).risk(Risk::GRANTS);
            }
            _ => tree(&mut subject, key, it, None),
        }
    }
    out.push(subject);
    for (at, it) in node.get("steps").map(Node::items).unwrap_or_default().iter().enumerate() {
        let step = step(it, at, name, index);
        let id = step.ids[0].clone();
        out[index].order.push(id);
        out.push(step);
    }
}

/// A step, which goes by its name, or else by what it does.
fn step(node: &Node, at: usize, job: &str, owner: usize) -> Subject {
    let uses = node.get("uses").map(canonical);
    let action_name = uses.as_deref().map(|it| it.split('@').next().unwrap_or(it).to_owned());
    let said = ["name", "id"].into_iter().find_map(|it| node.get(it)).map(canonical);
    let called = said.or(action_name).unwrap_or_else(|| (at + 1).to_string());
    let mut subject = Subject::new("step", format!("job {job} step {called}"), node.at.clone());
    subject.ids = vec![format!("step {called}")];
    subject.parent = Some(owner);
    for (key, it) in node.entries() {
        match key {
            "uses" => action(&mut subject, it),
            "run" => {
                // Its lines stay apart, so that the ones that differ can be shown.
                subject.say(&SCRIPT, "", canonical(it).trim_end(), &bytes(it));
            }
            "env" => environment(&mut subject, it),
            "with" => {
                for (name, it) in it.entries() {
                    let risk = match name {
                        "persist-credentials" if canonical(it) == "false" => Risk::GUARDS,
                        // They are there as well where nothing is said.
                        "persist-credentials" => Risk::of(1.0, 1.0),
                        _ => Risk::NONE,
                    };
                    subject.say(&WITH, name, canonical(it), &bytes(it)).risk(risk);
                }
            }
            _ => tree(&mut subject, key, it, None),
        }
    }
    subject
}

/// An action: at a commit nobody can change it any more.
fn action(subject: &mut Subject, node: &Node) {
    let text = canonical(node);
    let level = match text.rsplit_once('@') {
        _ if text.starts_with("./") => 0.0,
        Some((_, at)) if at.starts_with("sha256:") || at.len() == 40 && at.bytes().all(|it| it.is_ascii_hexdigit()) => {
            0.0
        }
        Some((_, "main" | "master" | "latest")) | None => 2.0,
        Some(_) => 1.0,
    };
    subject.say(&ACTION, "", &text, &bytes(node)).risk(Risk::level(level)).main();
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{check, said};

    #[test]
    fn order_of_maps_comments_and_forms_do_not_count() {
        let (a, b) = (
            "on: [push]\njobs: {a: {runs-on: x, needs: b}}\n",
            "# c\njobs:\n  a:\n    needs: [b]\n    runs-on: 'x'\non:\n  push:\n",
        );
        assert_eq!(said(".github/workflows/ci.yml", a, b), [""; 0]);
    }

    #[test]
    fn workflows_have_their_words() {
        let sha = "a".repeat(40);
        let pinned = format!("jobs: {{j: {{steps: [{{uses: a/b@{sha}}}]}}}}");
        check(
            ".github/workflows/ci.yml",
            &[
                (
                    &pinned,
                    "jobs: {j: {steps: [{uses: a/b@v1}]}}",
                    &[&format!("! job j step a/b: uses a/b@{sha} → a/b@v1")],
                ),
                (
                    "jobs: {j: {steps: [{uses: a/b@v1}]}}",
                    &pinned,
                    &[&format!("job j step a/b: uses a/b@v1 → a/b@{sha}")],
                ),
                ("permissions: {}", "permissions: {contents: write}", &["! permission contents write"]),
                (
                    "permissions: {contents: write}",
                    "permissions: {contents: read}",
                    &["permission contents write → read"],
                ),
                ("permissions: {}", "", &["! permissions of the token no longer limited"]),
                ("on: push", "on: [push, pull_request_target]", &["! triggered by pull_request_target"]),
                (
                    "jobs: {j: {steps: [{name: a, run: b}, {name: c, run: d}]}}",
                    "jobs: {j: {steps: [{name: c, run: d}, {name: a, run: x}]}}",
                    &["job j: step c comes earlier", "job j step a: script b → x"],
                ),
                (
                    "jobs: {j: {steps: [{uses: a/checkout@v1, with: {persist-credentials: false}}]}}",
                    "jobs: {j: {steps: [{uses: a/checkout@v1}]}}",
                    &["! job j step a/checkout: input persist-credentials false removed"],
                ),
                (
                    "env: {API_TOKEN: '${{ secrets.T }}'}",
                    "env: {API_TOKEN: abcdefgh1234}",
                    &["! environment API_TOKEN changed"],
                ),
                ("jobs: {}", "jobs: {j: {steps: [{uses: a/b@v1}]}}", &["job j: job added: uses a/b@v1"]),
            ],
            str::to_owned,
        );
    }

    #[test]
    fn pipelines_have_their_words() {
        check(
            ".gitlab-ci.yml",
            &[
                (
                    "a: {image: 'x:1', script: [b]}",
                    "a: {image: x, script: [b, c]}",
                    &["! job a: image x:1 → x", "job a: script [b] → [b, c]"],
                ),
                ("stages: [a]", "stages: [a, b]", &["stages [a] → [a, b]"]),
                ("", "a: {script: [b]}", &["job a: job added"]),
            ],
            str::to_owned,
        );
    }
}
