//! Kubernetes manifests, object by object and container by container.

use std::ops::Range;

use super::subject::{Risk, Subject};
use super::value::{self, bytes, canonical, documents, image, is_credential, is_on, items, tree};
use super::words::{COMMAND, IMAGE, LIMIT, SETTING, SWITCH, words};
use crate::yaml::{Node, Value};

words! {
    CAPABILITY = "capability {key}", "capability {key} added", "capability {key} taken away", "capability {key}";
    DROPPED = "dropped capabilities", "capabilities {after} dropped", "capabilities {before} no longer dropped", "dropped capabilities {before} → {after}";
    ENVIRONMENT = "environment {key}", "environment {key}={after} added", "environment {key} removed", "environment {key} {before} → {after}";
    ENTRY = "entry {key}", "entry {key} added", "entry {key} removed", "entry {key} changed";
    ITEM = "{key}", "{key} {after} added", "{key} {before} removed", "{key} {before} → {after}";
    MAY = "right to {key}", "may {key}", "may no longer {key}", "may {key}";
    MOUNT = "mount at {key}", "{after} mounted at {key}", "{before} no longer mounted at {key}", "mount at {key}: {before} → {after}";
    PORT = "port {key}", "port {key} {after} added", "port {key} {before} removed", "port {key} {before} → {after}";
    PROBE = "{key}", "{key} added", "{key} removed", "{key}";
    REQUEST = "requested {key}", "requested {key} {after}", "requested {key} {before} removed", "requested {key} {before} → {after}";
    RULE = "{key}", "{key} {after} allowed", "{key} {before} no longer allowed", "{key} {before} → {after}";
}

/// What manifests say; `None` where the text is none.
pub(super) fn read(text: &str) -> Option<Vec<Subject>> {
    let mut out = Vec::new();
    for document in documents(text)? {
        if document.value == Value::Null {
            continue;
        }
        let listed = document.get("items").filter(|_| document.get("kind").and_then(Node::text) == Some("List"));
        for node in listed.map_or(std::slice::from_ref(&document), Node::items) {
            object(node, &mut out)?;
        }
    }
    Some(out)
}

fn object(node: &Node, out: &mut Vec<Subject>) -> Option<()> {
    let kind = node.get("kind")?.text()?;
    let metadata = node.get("metadata");
    let field = |key: &str| metadata.and_then(|it| it.get(key)).map(canonical).unwrap_or_default();
    let (name, namespace) = (field("name"), field("namespace"));
    let name = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
    let mut subject = Subject::new("object", format!("{kind} {name}").trim().to_owned(), bytes(node.get("kind")?));
    if kind == "NetworkPolicy" {
        subject.risk = Risk::GUARDS;
    }
    let index = out.len();
    let pod = pod_of(kind, node);
    for (key, it) in node.entries().filter(|(key, _)| *key != "kind") {
        match (kind, key) {
            (_, "metadata") => {
                for (key, it) in it.entries().filter(|(key, _)| !matches!(*key, "name" | "namespace")) {
                    tree(&mut subject, key, it, None);
                }
            }
            ("NetworkPolicy", "spec") => policy(&mut subject, it),
            ("Role" | "ClusterRole", "rules") => it.items().iter().for_each(|it| rule(&mut subject, it)),
            ("RoleBinding" | "ClusterRoleBinding", "subjects") => {
                for it in it.items() {
                    subject.say(&ITEM, "subject", canonical(it), &it.at).risk(Risk::GRANTS);
                }
            }
            ("Service", "spec") => service(&mut subject, it),
            // What is in it is nobody's to see.
            ("Secret", "data" | "stringData") => {
                for (key, it) in it.entries() {
                    subject.say(&ENTRY, key, canonical(it), &it.key).shown("");
                }
            }
            _ => besides(&mut subject, key, it, pod),
        }
    }
    out.push(subject);
    if let Some(pod) = pod {
        pod_spec(pod, index, out);
    }
    Some(())
}

/// The description of the pods that an object makes.
fn pod_of<'n>(kind: &str, node: &'n Node) -> Option<&'n Node> {
    let spec = node.get("spec")?;
    match kind {
        "Pod" => Some(spec),
        "CronJob" => spec.get("jobTemplate")?.get("spec")?.get("template")?.get("spec"),
        _ => spec.get("template")?.get("spec").filter(|it| it.get("containers").is_some()),
    }
}

/// Says everything below `node` but what is below `pod`.
fn besides(subject: &mut Subject, path: &str, node: &Node, pod: Option<&Node>) {
    if pod.is_some_and(|it| std::ptr::eq(it, node)) {
        return;
    }
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            let path = path.strip_prefix("spec").map_or(path, |it| it.trim_start_matches('.'));
            for (key, it) in entries {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                besides(subject, &inner, it, pod);
            }
        }
        _ => tree(subject, path, node, None),
    }
}

fn policy(subject: &mut Subject, spec: &Node) {
    for (key, it) in spec.entries() {
        match key {
            "ingress" | "egress" => {
                for it in it.items() {
                    subject.say(&RULE, key, canonical(it), &it.at).risk(Risk::GRANTS);
                }
            }
            "policyTypes" => {
                for (name, at) in items(it) {
                    subject.say(&ITEM, format!("restricts {name}"), "", &at).risk(Risk::GUARDS);
                }
            }
            _ => tree(subject, key, it, None),
        }
    }
}

/// A rule of a role, as one right for each verb and resource.
fn rule(subject: &mut Subject, node: &Node) {
    let list = |key: &str| -> Vec<String> {
        node.get(key).map(|it| items(it).into_iter().map(|(it, _)| it).collect()).unwrap_or_default()
    };
    let (mut groups, names) = (list("apiGroups"), list("resourceNames"));
    if groups.is_empty() {
        groups.push(String::new());
    }
    let mut resources = list("nonResourceURLs");
    for resource in list("resources") {
        for group in &groups {
            resources.push(if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") });
        }
    }
    let of = if names.is_empty() { String::new() } else { format!(" called {}", names.join(", ")) };
    for verb in list("verbs") {
        for resource in &resources {
            let verb = if verb == "*" { "do everything with" } else { &verb };
            subject.say(&MAY, format!("{verb} {resource}{of}"), "", &node.at).risk(Risk::GRANTS).main();
        }
    }
}

fn service(subject: &mut Subject, spec: &Node) {
    for (key, it) in spec.entries() {
        match key {
            "type" => {
                let level = match it.text() {
                    Some("NodePort") => 1.0,
                    Some("LoadBalancer") => 2.0,
                    _ => 0.0,
                };
                subject.say(&SETTING, "type", canonical(it), &bytes(it)).risk(Risk::of(level, 0.0)).main();
            }
            "ports" => {
                for it in it.items() {
                    subject.say(&PORT, it.get("port").map(canonical).unwrap_or_default(), canonical(it), &it.at).main();
                }
            }
            "externalIPs" => {
                for (address, at) in items(it) {
                    subject.say(&ITEM, format!("external address {address}"), "", &at).risk(Risk::GRANTS);
                }
            }
            _ => tree(subject, key, it, None),
        }
    }
}

fn pod_spec(pod: &Node, owner: usize, out: &mut Vec<Subject>) {
    let at = pod.key.clone();
    for (key, name) in [
        ("hostNetwork", "network of the host"),
        ("hostPID", "processes of the host"),
        ("hostIPC", "memory of the host"),
    ] {
        switch(&mut out[owner], pod, key, name, (false, true), &at);
    }
    switch(&mut out[owner], pod, "automountServiceAccountToken", "token of the service account", (true, true), &at);
    for (key, it) in pod.entries() {
        match key {
            "hostNetwork"
            | "hostPID"
            | "hostIPC"
            | "automountServiceAccountToken"
            | "containers"
            | "initContainers"
            | "ephemeralContainers" => {}
            "securityContext" => context(&mut out[owner], it),
            "volumes" => it.items().iter().for_each(|it| volume(&mut out[owner], it)),
            _ => tree(&mut out[owner], key, it, None),
        }
    }
    for (key, noun) in
        [("containers", "container"), ("initContainers", "init container"), ("ephemeralContainers", "container")]
    {
        for node in pod.get(key).map(Node::items).unwrap_or_default() {
            let subject = container(node, noun, &out[owner].at.clone());
            out.push(Subject { parent: Some(owner), ..subject });
        }
    }
}

fn volume(subject: &mut Subject, node: &Node) {
    let name = node.get("name").map(canonical).unwrap_or_default();
    for (key, it) in node.entries().filter(|(key, _)| *key != "name") {
        let risk = if key == "hostPath" { Risk::of(2.0, 0.0) } else { Risk::NONE };
        subject.say(&ITEM, format!("volume {name}"), format!("{key} {}", canonical(it)), &bytes(it)).risk(risk);
    }
}

fn container(node: &Node, noun: &'static str, above: &str) -> Subject {
    let name = node.get("name").map(canonical).unwrap_or_default();
    let mut subject = Subject::new(noun, format!("{above} {noun} {name}"), node.at.clone());
    subject.ids = vec![format!("{noun} {name}")];
    for (key, it) in node.entries().filter(|(_, it)| it.value != Value::Null) {
        let at = bytes(it);
        match key {
            "name" | "securityContext" => {}
            "image" => {
                let text = canonical(it);
                subject.say(&IMAGE, "image", &text, &at).risk(image(&text)).main();
            }
            "command" | "args" => {
                let words: Vec<String> = items(it).into_iter().map(|(it, _)| it).collect();
                subject.say(&COMMAND, key, words.join("\u{1f}"), &at).shown(words.join(" "));
            }
            "env" => it.items().iter().for_each(|it| variable(&mut subject, it)),
            "ports" => it.items().iter().for_each(|it| port(&mut subject, it)),
            "resources" => resources(&mut subject, it),
            "livenessProbe" | "readinessProbe" | "startupProbe" => {
                let name = format!("{} probe", key.trim_end_matches("Probe"));
                subject.say(&PROBE, &name, "", &at).risk(Risk::GUARDS);
                for (field, it) in it.entries() {
                    tree(&mut subject, &format!("{name} {field}"), it, Some((&PROBE, &name)));
                }
            }
            "volumeMounts" => {
                for it in it.items() {
                    let path = it.get("mountPath").map(canonical).unwrap_or_default();
                    let others = it.entries().filter(|(key, _)| *key != "mountPath");
                    let mut said: Vec<String> = others.map(|(key, it)| format!("{key} {}", canonical(it))).collect();
                    said.sort();
                    subject.say(&MOUNT, path, said.join(", "), &it.at);
                }
            }
            _ => tree(&mut subject, key, it, None),
        }
    }
    let nothing = Node::default();
    let security = node.get("securityContext").unwrap_or(&nothing);
    let at = if security.key.is_empty() { node.at.clone() } else { security.key.clone() };
    for (key, name, default, worse) in [
        ("allowPrivilegeEscalation", "privilege escalation", true, true),
        ("privileged", "privileged mode", false, true),
        ("readOnlyRootFilesystem", "read-only root", false, false),
    ] {
        switch(&mut subject, security, key, name, (default, worse), &at);
    }
    context(&mut subject, security);
    subject
}

/// Something that is on or off; `default` where nothing is written, and `worse` is what gives something up.
fn switch(
    subject: &mut Subject,
    node: &Node,
    key: &str,
    name: &str,
    (default, worse): (bool, bool),
    at: &Range<usize>,
) {
    let written = node.get(key).filter(|it| it.value != Value::Null);
    let on = written.map_or(default, is_on);
    let level = |state: bool| if state == worse { 1.0 } else { 0.0 };
    let at = written.map_or_else(|| at.clone(), bytes);
    let word = if on { "on" } else { "off" };
    subject.say(&SWITCH, name, word, &at).risk(Risk::of(level(on), level(default)));
}

/// The security context of a pod or a container, but for what is on or off by default.
fn context(subject: &mut Subject, node: &Node) {
    for (key, it) in node.entries().filter(|(_, it)| it.value != Value::Null) {
        let text = canonical(it);
        match key {
            "allowPrivilegeEscalation" | "privileged" | "readOnlyRootFilesystem" => {}
            "runAsNonRoot" => {
                let level = if is_on(it) { 0.0 } else { 1.0 };
                let word = if is_on(it) { "on" } else { "off" };
                subject.say(&SWITCH, "refusal of root", word, &bytes(it)).risk(Risk::of(level, 1.0));
            }
            "runAsUser" | "runAsGroup" => {
                let name = if key == "runAsUser" { "user" } else { "group" };
                subject.say(&SETTING, name, &text, &bytes(it)).risk(value::user(&text));
            }
            "seccompProfile" | "appArmorProfile" => {
                let kind = it.get("type").map(canonical).unwrap_or_default();
                let risk = Risk::of(if kind == "Unconfined" { 1.0 } else { 0.0 }, 1.0);
                let name = if key == "seccompProfile" { "seccomp profile" } else { "AppArmor profile" };
                subject.say(&SETTING, name, text, &bytes(it)).shown(kind).risk(risk);
            }
            "capabilities" => {
                for (name, at) in it.get("add").map(items).unwrap_or_default() {
                    subject.say(&CAPABILITY, name, "", &at).risk(Risk::GRANTS);
                }
                let mut names: Vec<String> =
                    it.get("drop").map(items).unwrap_or_default().into_iter().map(|(it, _)| it).collect();
                names.sort();
                if !names.is_empty() {
                    let count = f64::from(u32::try_from(names.len()).unwrap_or(u32::MAX));
                    let left = if names.iter().any(|it| it == "ALL") { 0.0 } else { 1.0 / (1.0 + count) };
                    subject.say(&DROPPED, "", names.join(", "), &bytes(it)).risk(Risk::of(left, 1.0));
                }
            }
            _ => tree(subject, key, it, None),
        }
    }
}

fn variable(subject: &mut Subject, node: &Node) {
    let name = node.get("name").map(canonical).unwrap_or_default();
    if let Some(from) = node.get("valueFrom") {
        let from = canonical(from);
        subject.say(&ENVIRONMENT, name, format!("from {from}"), &node.at).shown(format!("from {from}"));
        return;
    }
    let value = node.get("value").map(canonical).unwrap_or_default();
    let risk = if is_credential(&name, &value) { Risk::GRANTS } else { Risk::NONE };
    let shown = if value.is_empty() { "\"\"".to_owned() } else { value.clone() };
    subject.say(&ENVIRONMENT, name, format!("={value}"), &node.at).shown(shown).risk(risk);
}

fn port(subject: &mut Subject, node: &Node) {
    let field = |key: &str| node.get(key).map(canonical).unwrap_or_default();
    let protocol = Some(field("protocol")).filter(|it| !it.is_empty() && it != "TCP").map(|it| format!("/{it}"));
    let key = format!("{}{}", field("containerPort"), protocol.unwrap_or_default());
    let mut others = Vec::new();
    for (name, it) in node.entries().filter(|(key, _)| !matches!(*key, "containerPort" | "protocol")) {
        others.push(format!("{name} {}", canonical(it)));
    }
    others.sort();
    let risk = if node.get("hostPort").is_some() { Risk::GRANTS } else { Risk::NONE };
    subject.say(&PORT, key, others.join(", "), &node.at).risk(risk).main();
}

fn resources(subject: &mut Subject, node: &Node) {
    for (kind, it) in node.entries() {
        for (key, it) in it.entries() {
            let text = canonical(it);
            let known = quantity(&text);
            let value = known.map_or_else(|| text.clone(), |it| it.to_string());
            match kind {
                "limits" => subject.say(&LIMIT, key, value, &bytes(it)).risk(Risk::limit(known)).shown(text),
                "requests" => subject.say(&REQUEST, key, value, &bytes(it)).shown(text),
                _ => subject.say(&SETTING, format!("resources.{kind}.{key}"), text, &bytes(it)),
            };
        }
    }
}

/// `500m`, `128Mi`, `1G`, `2` as a number.
fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|it| it * factor)
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{check, said};

    #[test]
    fn order_spelling_and_defaults_do_not_count() {
        let (a, b) = (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
        );
        assert_eq!(said("a.yaml", &format!("{a}---\n{b}"), &format!("---\n# c\n{b}---\n{a}---\n")), [""; 0]);
        let pod = |it: &str| format!("{a}spec: {{containers: [{{name: c, {it}}}]}}\n");
        for (before, after) in [
            ("securityContext: {privileged: false, allowPrivilegeEscalation: true}", ""),
            ("resources: {limits: {cpu: 500m, memory: 1Gi}}", "resources: {limits: {memory: 1024Mi, cpu: '0.5'}}"),
            ("env: [{name: a, value: b}, {name: c, value: d}]", "env: [{name: c, value: d}, {value: b, name: a}]"),
            ("ports: [{containerPort: 80}]", "ports: [{containerPort: 80, protocol: TCP}]"),
        ] {
            assert_eq!(said("a.yaml", &pod(before), &pod(after)), [""; 0], "{before}\n{after}");
        }
    }

    #[test]
    fn containers_have_their_words() {
        check(
            "k8s/deployment.yaml",
            &[
                ("image: a:1", "image: a:2", &["Deployment s/d container c: image a:1 → a:2"]),
                (
                    "securityContext: {allowPrivilegeEscalation: false}",
                    "",
                    &["! Deployment s/d container c: privilege escalation switched on"],
                ),
                (
                    "",
                    "securityContext: {allowPrivilegeEscalation: false}",
                    &["Deployment s/d container c: privilege escalation switched off"],
                ),
                (
                    "securityContext: {runAsNonRoot: true}",
                    "",
                    &["! Deployment s/d container c: refusal of root no longer switched on"],
                ),
                (
                    "",
                    "securityContext: {privileged: true}",
                    &["! Deployment s/d container c: privileged mode switched on"],
                ),
                (
                    "securityContext: {readOnlyRootFilesystem: true}",
                    "securityContext: {readOnlyRootFilesystem: false}",
                    &["! Deployment s/d container c: read-only root switched off"],
                ),
                (
                    "securityContext: {capabilities: {drop: [ALL]}}",
                    "securityContext: {capabilities: {add: [NET_ADMIN]}}",
                    &[
                        "! Deployment s/d container c: capability NET_ADMIN added",
                        "! Deployment s/d container c: capabilities ALL no longer dropped",
                    ],
                ),
                (
                    "securityContext: {runAsUser: 1000}",
                    "securityContext: {runAsUser: 0}",
                    &["! Deployment s/d container c: user 1000 → 0"],
                ),
                (
                    "resources: {limits: {memory: 1Gi}}",
                    "resources: {limits: {memory: 2Gi}}",
                    &["! Deployment s/d container c: memory 1Gi → 2Gi"],
                ),
                (
                    "resources: {limits: {memory: 2Gi}}",
                    "resources: {limits: {memory: 1Gi}}",
                    &["Deployment s/d container c: memory 2Gi → 1Gi"],
                ),
                (
                    "ports: [{containerPort: 80}]",
                    "ports: [{containerPort: 80, hostPort: 80}]",
                    &["! Deployment s/d container c: port 80 (nothing) → hostPort 80"],
                ),
                (
                    "env: [{name: A, value: b}]",
                    "env: [{name: A, value: c}]",
                    &["Deployment s/d container c: environment A b → c"],
                ),
                (
                    "",
                    "env: [{name: DB_PASSWORD, value: hunter2secret}]",
                    &["! Deployment s/d container c: environment DB_PASSWORD added"],
                ),
                ("livenessProbe: {httpGet: {path: /a}}", "", &["! Deployment s/d container c: liveness probe removed"]),
                ("}, {name: e, image: x", "", &["Deployment s/d container e: container removed"]),
            ],
            |it| {
                format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d, namespace: s}}\nspec: {{replicas: 1, template: {{spec: {{containers: [{{name: c, {it}}}]}}}}}}\n"
                )
            },
        );
    }

    #[test]
    fn objects_have_their_words() {
        check(
            "k8s/all.yaml",
            &[
                (
                    "kind: Pod\nspec: {containers: []}",
                    "kind: Pod\nspec: {hostNetwork: true, containers: []}",
                    &["! Pod: network of the host switched on"],
                ),
                (
                    "kind: Pod\nspec: {containers: []}",
                    "kind: Pod\nspec: {containers: [], volumes: [{name: v, hostPath: {path: /}}]}",
                    &["! Pod: volume v hostPath {path: /} added"],
                ),
                ("kind: NetworkPolicy\nmetadata: {name: a}", "", &["! NetworkPolicy a: object removed"]),
                ("", "kind: NetworkPolicy\nmetadata: {name: a}", &["NetworkPolicy a: object added"]),
                (
                    "kind: NetworkPolicy\nspec: {ingress: []}",
                    "kind: NetworkPolicy\nspec: {ingress: [{from: []}]}",
                    &["! NetworkPolicy: ingress {from: []} allowed"],
                ),
                (
                    "kind: NetworkPolicy\nspec: {policyTypes: [Egress]}",
                    "kind: NetworkPolicy\nspec: {policyTypes: []}",
                    &["! NetworkPolicy: restricts Egress removed"],
                ),
                (
                    "kind: Role\nrules: [{resources: [pods], verbs: [get]}]",
                    "kind: Role\nrules: [{resources: [pods], verbs: [get, '*']}]",
                    &["! Role: may do everything with pods"],
                ),
                (
                    "kind: Role\nrules: [{resources: [pods], verbs: [get, list]}]",
                    "kind: Role\nrules: [{resources: [pods], verbs: [get]}]",
                    &["Role: may no longer list pods"],
                ),
                (
                    "kind: Service\nspec: {type: ClusterIP}",
                    "kind: Service\nspec: {type: LoadBalancer}",
                    &["! Service: type ClusterIP → LoadBalancer"],
                ),
                (
                    "kind: Secret\ndata: {a: aGVsbG8=}",
                    "kind: Secret\ndata: {a: d29ybGQ=}",
                    &["Secret: entry a changed"],
                ),
                (
                    "kind: Deployment\nspec: {replicas: 1}",
                    "kind: Deployment\nspec: {replicas: 2}",
                    &["Deployment: replicas 1 → 2"],
                ),
                (
                    "kind: X\nspec: {a: [{b: 1}, {b: 2}]}",
                    "kind: X\nspec: {a: [{b: 2}, {b: 3}]}",
                    &["X: a {b: 1} → {b: 3}"],
                ),
            ],
            |it| if it.is_empty() { String::new() } else { format!("apiVersion: v1\n{it}\n") },
        );
    }
}
