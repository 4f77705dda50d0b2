//! The lock files of uv, which are made where they are used: they name the index.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::proof::{Proof, command, end, run};

const IMAGE: &str = "ghcr.io/astral-sh/uv:python3.13-trixie-slim";

/// With the machine's own uv, or else with that of an image.
pub(super) fn lock(folder: &Path) -> Proof {
    if end(command("uv").arg("--version")).code == Some(0) {
        return run(command("uv").args(["lock", "--python", "3.13", "--directory"]).arg(folder)).map(drop);
    }
    let owner = std::fs::metadata(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let user = format!("{}:{}", owner.uid(), owner.gid());
    let mount = format!("type=bind,source={},target=/project", folder.display());
    let options = ["--rm", "--user", &user, "--env", "HOME=/tmp", "--env", "UV_PYTHON=3.13", "--mount", &mount];
    run(command("docker").arg("run").args(options).args(["--workdir", "/project", IMAGE, "uv", "lock"])).map(drop)
}
