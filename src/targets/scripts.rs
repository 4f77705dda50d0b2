//! Scripts for the operator.

use serde::Serialize;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::{Project, SWITCHES};

pub(super) static TARGET: Target = Target {
    name: "scripts",
    about: "scripts/secrets, which makes, checks and rotates secrets, and scripts/maintenance",
    plan,
};

#[derive(Serialize)]
struct Maintenance<'a> {
    /// Those that can be closed, production first.
    environments: Vec<&'a str>,
    /// The script's path in the project.
    script: &'a str,
    /// From the script's folder to the project.
    up: String,
    /// The folder with the switches.
    folder: &'a str,
}

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let mut out = super::secrets::plan(context)?;
    out.extend(maintenance(context)?);
    Ok(out)
}

/// The switch that closes the gateway, where one is wanted.
fn maintenance(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let closes = |it: &&Project| it.gateway.as_ref().is_some_and(|it| it.maintenance.is_some());
    let environments: Vec<&str> = super::environments(context.resolved).filter(closes).map(Project::called).collect();
    if environments.is_empty() {
        return Ok(Vec::new());
    }
    let path = context.resolved.base.layout.script("maintenance");
    let up = "../".repeat(path.matches('/').count());
    let values = Maintenance { environments, script: &path, up, folder: SWITCHES };
    let text = context.engine.render("scripts/maintenance.j2", &values)?;
    Ok(vec![
        Artifact { executable: true, ..Artifact::new("script:maintenance", path, text) },
        Artifact::new("maintenance:gitignore", format!("{SWITCHES}/.gitignore"), "*\n!.gitignore\n"),
    ])
}
