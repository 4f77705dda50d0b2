//! What the operator fills in: `.env.example`, and the lines that keep `.env` out of version control.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Artifact, Context, Extent, Target};
use crate::diagnostic::Broken;
use crate::project::{HostPorts, Variable};

pub(super) static TARGET: Target =
    Target { name: "environment", about: ".env.example, and lines in .gitignore and .gitattributes", plan };

#[derive(Serialize)]
struct Values<'a> {
    /// What the names of forge's own variables begin with.
    prefix: &'a str,
    /// Whether something is built here.
    builds: bool,
    /// Those that any environment uses.
    variables: BTreeMap<&'a str, &'a Variable>,
    /// Each environment in which the gateway listens, with its ports.
    gateways: Vec<Listening<'a>>,
}

#[derive(Serialize)]
struct Listening<'a> {
    environment: Option<&'a str>,
    tls: bool,
    ports: &'a HostPorts,
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let mut out = Vec::new();
    let project = &context.resolved.base;
    let variables: BTreeMap<&str, &Variable> = super::environments(context.resolved)
        .flat_map(|it| it.variables.iter().map(|(name, it)| (name.as_str(), it)))
        .collect();
    let gateways: Vec<Listening<'_>> = super::environments(context.resolved)
        .filter_map(|it| {
            let gateway = it.gateway.as_ref()?;
            let tls = gateway.tls != crate::project::TlsMode::None;
            Some(Listening { environment: it.environment.as_deref(), tls, ports: &gateway.ports })
        })
        .collect();
    if !(gateways.is_empty() && variables.is_empty() && project.images.is_empty()) {
        let values = Values { prefix: &project.prefix, builds: !project.images.is_empty(), variables, gateways };
        let text = context.engine.render("project/env.example.j2", &values)?;
        out.push(Artifact::new("env:example", ".env.example", text));
    }
    let lines = |id: &str, path: &str, text: &str| Artifact { extent: Extent::Lines, ..Artifact::new(id, path, text) };
    out.push(lines(
        "lines:gitignore",
        ".gitignore",
        ".env\n.env.*\n!.env*.example\n/secrets/*\n!/secrets/.gitignore\n",
    ));
    out.push(lines(
        "lines:gitattributes",
        ".gitattributes",
        &format!("*.sh text eol=lf\n{}/* text eol=lf\n", project.layout.scripts),
    ));
    Ok(out)
}
