use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() {
    let port: u16 = std::env::var("PORT").expect("PORT is set").parse().expect("PORT is a number");
    let app = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/hello/{who}", get(|Path(who): Path<String>| async move { jobs::greeting(&who) }))
        .route("/token", get(|| async { token().to_string() }))
        .route(
            "/file",
            get(|| async { std::fs::read_to_string("assets/note.txt").unwrap_or_else(|it| it.to_string()) }),
        );
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await.expect("the port is free");
    let stop = async { drop(signal(SignalKind::terminate()).expect("signals can be had").recv().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await.expect("it can serve");
}

/// Whether the entrypoint gave the secret to the variable.
fn token() -> bool {
    let kept = std::fs::read_to_string("/run/secrets/TOKEN").unwrap_or_default();
    std::env::var("TOKEN").is_ok_and(|it| it == kept.trim_end())
}
