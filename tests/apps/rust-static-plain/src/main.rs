use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    let listener = TcpListener::bind("0.0.0.0:9000").expect("the port is free");
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        // A probe connects and says nothing.
        if !matches!(stream.read(&mut [0; 1024]), Ok(1..)) {
            continue;
        }
        let count =
            std::fs::read_to_string("/var/lib/clock/count").ok().and_then(|it| it.parse().ok()).unwrap_or(0) + 1;
        let kept = std::fs::write("/var/lib/clock/count", count.to_string());
        let body = format!("asked {count} times, {kept:?}");
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    }
}
