//! The lock files of uv, which are made where they are used: they name the index.

use std::path::Path;

use super::proof::{Proof, command, end, run, run_with};

const IMAGE: &str = "ghcr.io/astral-sh/uv:python3.13-trixie-slim";

/// With the machine's own uv, or else with that of an image.
pub(super) fn lock(folder: &Path) -> Proof {
    if end(command("uv").arg("--version")).code == Some(0) {
        return run(command("uv").args(["lock", "--python", "3.13", "--directory"]).arg(folder)).map(drop);
    }
    run_with(IMAGE, folder, "", &["uv", "lock", "--python", "3.13"])
}
