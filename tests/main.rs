//! The one integration binary: what forge does as a whole, seen from outside.

#![allow(clippy::print_stdout, reason = "what is skipped says so")]

mod backings;
mod between;
mod commands;
mod companions;
mod conflicts;
mod detecting;
mod dockerfiles;
mod documentation;
mod engine;
mod environments;
mod files;
mod gateways;
mod golden;
mod histories;
mod hosts;
mod jobs;
mod killed;
mod layouts;
#[cfg(feature = "lock")]
mod locking;
mod locks;
mod meanings;
mod pipelines;
mod prompts;
mod properties;
#[cfg(feature = "lock")]
mod registry;
mod review;
mod routes;
mod sandbox;
mod secrets;
mod skipped;
mod stacks;
mod values;
mod wrong;
