//! Manifests before and after, and the words.

use crate::meaning::tests::{check, said};

#[test]
fn order_spelling_and_defaults_do_not_count() {
    let (a, b) =
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n");
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
            ("", "securityContext: {privileged: true}", &["! Deployment s/d container c: privileged mode switched on"]),
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
            ("kind: Secret\ndata: {a: aGVsbG8=}", "kind: Secret\ndata: {a: d29ybGQ=}", &["Secret: entry a changed"]),
            (
                "kind: Deployment\nspec: {replicas: 1}",
                "kind: Deployment\nspec: {replicas: 2}",
                &["Deployment: replicas 1 → 2"],
            ),
            ("kind: X\nspec: {a: [{b: 1}, {b: 2}]}", "kind: X\nspec: {a: [{b: 2}, {b: 3}]}", &["X: a {b: 1} → {b: 3}"]),
        ],
        |it| if it.is_empty() { String::new() } else { format!("apiVersion: v1\n{it}\n") },
    );
}
