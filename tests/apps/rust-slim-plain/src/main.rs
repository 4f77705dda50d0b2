use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("migrate") {
        std::fs::write("/app/data/state", "migrated").expect("the folder can be written to");
        return;
    }
    let token = std::env::var("TOKEN").expect("the entrypoint sets it");
    let kept = std::fs::read_to_string("/run/secrets/TOKEN").expect("the secret can be read");
    let listener = TcpListener::bind("0.0.0.0:9000").expect("the port is free");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        // A probe connects and says nothing.
        if !matches!(stream.read(&mut [0; 1024]), Ok(1..)) {
            continue;
        }
        let state = std::fs::read_to_string("/app/data/state").unwrap_or_default();
        let body =
            format!("{state}, the token is the same: {}, loud: {}", token == kept.trim_end(), cfg!(feature = "loud"));
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    }
}
