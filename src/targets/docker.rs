//! Dockerfiles and what lies beside them.

use rayon::prelude::*;
use serde::Serialize;

use super::{Artifact, Context, Target};
use crate::diagnostic::Broken;
use crate::project::Image;

pub(super) static TARGET: Target =
    Target { name: "docker", about: "a Dockerfile, .dockerignore and entrypoint for each image that is built", plan };

fn plan(context: &Context<'_>) -> Result<Vec<Artifact>, Broken> {
    let images: Vec<&Image> = context.resolved.base.images.values().collect();
    let planned: Result<Vec<Vec<Artifact>>, Broken> =
        images.par_iter().map(|image| plan_image(context, image)).collect();
    Ok(planned?.into_iter().flatten().collect())
}

fn plan_image(context: &Context<'_>, image: &Image) -> Result<Vec<Artifact>, Broken> {
    let mut out = Vec::new();
    #[derive(Serialize)]
    struct Values<'a> {
        image: &'a Image,
    }
    let values = Values { image };
    let beside =
        |file: &str| if image.context.is_empty() { file.to_owned() } else { format!("{}/{file}", image.context) };
    let stack = format!("stacks/{}", image.stack);
    let mut add = |kind: &str, file: &str, template: &str, executable: bool| {
        let text = context.engine.render(template, &values)?;
        out.push(Artifact { executable, ..Artifact::new(format!("{kind}:{}", image.name), file, text) });
        Ok(())
    };
    add("dockerfile", &image.files.dockerfile, &format!("{stack}/Dockerfile.j2"), false)?;
    add("dockerignore", &image.files.dockerignore, &format!("{stack}/dockerignore.j2"), false)?;
    if !image.secret_variables.is_empty() {
        add("entrypoint", &beside(&image.files.entrypoint), "partials/docker-entrypoint.sh.j2", true)?;
    }
    for (kind, file) in &image.files.others {
        add(&format!("file/{kind}"), &beside(&file.name), &format!("{stack}/{}", file.template), false)?;
    }
    Ok(out)
}
