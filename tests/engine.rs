//! What forge generates, built and run on a real engine: a line for each fact that was proven.
//!
//! `cargo test engine -- --nocapture` shows them. Without an engine the tests say so and pass, except under `CI=true`.
//! Besides Docker they ask `curl` and `openssl`. Everything that they make has a name of its own and is removed at the
//! end, whatever the end is; what BuildKit cached stays, so that the next run is quick.

#![expect(clippy::print_stdout, reason = "the facts are what these tests are read for")]

mod apps;
mod backings;
mod client;
mod container;
mod contract;
mod corpus;
mod gateway;
mod host;
mod image;
mod notes;
mod proof;
mod rotation;
mod routes;
mod secrets;
mod shop;
mod stack;
mod swarm;
mod uv;
