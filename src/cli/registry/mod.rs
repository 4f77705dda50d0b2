//! What is asked of registries, and what they answer.

#[cfg(feature = "lock")]
mod client;

use std::env;
use std::time::Duration;

#[cfg(feature = "lock")]
pub(super) use client::ask;

use super::Failure;
use crate::lock::Pin;

/// What to ask a registry about an image.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "lock"), expect(dead_code, reason = "nobody is there to read it"))]
pub(super) enum Question {
    /// What its tag stands for, and for which platforms that is; `known` is what it was the last time.
    Tag { name: String, known: Option<Pin> },
    /// For which platforms the image with this digest is.
    Platforms { name: String, digest: String },
    /// What its tag stands for, and no more.
    Digest { name: String },
}

/// How long to wait for an answer.
///
/// # Errors
/// When FORGE_REGISTRY_TIMEOUT is no number of seconds.
pub(super) fn timeout() -> Result<Duration, Failure> {
    let seconds = setting("FORGE_REGISTRY_TIMEOUT").map_or(Ok(30), |it| it.parse::<u64>().map_err(|_| it));
    let seconds = seconds.ok().filter(|it| (1..=3600).contains(it)).ok_or_else(|| {
        Failure::input("FORGE_REGISTRY_TIMEOUT is no number of seconds", "write a whole number, such as 30")
    })?;
    Ok(Duration::from_secs(seconds))
}

/// A setting of the environment; `None` where it is empty.
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|it| !it.trim().is_empty())
}

/// Why there is no answer, and what to do.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) help: String,
}

#[cfg(not(feature = "lock"))]
pub(super) fn ask(_: Vec<Question>) -> Result<Vec<Result<Pin, Trouble>>, Failure> {
    let help = "build it with that feature, which is on by default; `forge lock --check` works without";
    Err(Failure::input("this forge was built without the feature `lock`, and asks no registries", help))
}
