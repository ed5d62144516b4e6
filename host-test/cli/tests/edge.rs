//! The service as a stranger meets it: idle connections, halves of requests, floods of names, and a key that is not the data's. The real
//! process, over real sockets; bounds are counts, never times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::common::{connector, file, printed, said};

/// More connections than there are places.
const MANY: usize = 600;

/// `serve`, ended with its test.
struct Service {
    process: Child,
    page: String,
    figures: String,
    folder: TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start() -> Service {
        let folder = TempDir::new().unwrap();
        let dir = folder.path().join("data");
        let words = ["serve", "--dir", dir.to_str().unwrap(), "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
        let mut process = connector(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |what: &str| lines.find_map(|line| line.split_once(what).map(|(_, rest)| rest.trim().to_owned())).unwrap();
        let page = after("listening on http://");
        let figures = after("figures ").trim_start_matches("http://").split('/').next().unwrap().to_owned();
        // It goes on saying what it does; nobody reads it.
        std::thread::spawn(move || lines.for_each(drop));
        Service { process, page, figures, folder }
    }

    fn asked(&self, address: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.lines().next().unwrap_or_default().to_owned()
    }

    fn page_answers(&self) -> String {
        self.asked(&self.page, "GET /sign-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    }

    fn hook_answers(&self) -> String {
        self.asked(&self.page, "POST /hooks/nobody HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
    }

    fn is_ready(&self) -> String {
        self.asked(&self.figures, "GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    }
}

#[test]
fn whoever_only_lies_there_keeps_nobody_out() {
    let service = Service::start();
    let address = service.page.clone();
    for half in ["", "GET /sign-in HTTP/1.1\r\nhost: a\r\n", "POST /hooks/nobody HT"] {
        let idle: Vec<TcpStream> = (0..MANY)
            .map(|_| {
                let mut stream = TcpStream::connect(&address).unwrap();
                let _ = stream.write_all(half.as_bytes());
                stream
            })
            .collect();
        assert_eq!(service.page_answers(), "HTTP/1.1 200 OK", "{half:?}");
        assert_eq!(service.hook_answers(), "HTTP/1.1 404 Not Found", "{half:?}");
        assert_eq!(service.is_ready(), "HTTP/1.1 200 OK", "{half:?}");
        drop(idle);
    }
}

#[test]
fn bodies_that_never_end_leave_the_last_places_to_deliveries() {
    let service = Service::start();
    let half = "POST /sign-in HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 60000\r\n\r\nname=";
    let slow: Vec<TcpStream> = (0..MANY)
        .filter_map(|_| {
            let mut stream = TcpStream::connect(&service.page).ok()?;
            stream.write_all(half.as_bytes()).ok()?;
            Some(stream)
        })
        .collect();
    // Whether the last of them has been seen by now or not: a delivery is heard, and whoever watches is answered.
    for _ in 0..20 {
        assert_eq!(service.hook_answers(), "HTTP/1.1 404 Not Found");
    }
    assert_eq!(service.is_ready(), "HTTP/1.1 200 OK");
    drop(slow);
}

#[test]
fn a_key_that_is_not_the_data_s_is_refused_in_one_line_and_none_is_made_beside_data() {
    let service = Service::start();
    let dir = service.folder.path().join("data");
    let path = dir.to_str().unwrap().to_owned();
    let refused = |key: Option<&str>| {
        let mut command = connector(&["connect", "--dir", &path, "--tenant", "shop"]);
        if let Some(key) = key {
            command.env("CONNECTOR_KEY", key);
        }
        let output = command.output().unwrap();
        let said = said(&output);
        assert!(!output.status.success() && said.lines().count() == 1 && said.starts_with("error: "), "{said}");
        said
    };
    let mut service = service;
    service.process.kill().unwrap();
    service.process.wait().unwrap();
    printed(&["connect", "--dir", &path, "--tenant", "shop"]);
    let secret = format!("client-secret=@{}", file(service.folder.path(), "secret.txt", "a-secret-of-the-app"));
    let form = ["--set", "app-id=75086", "--set", "default-role=sale", "--secret", &secret, "--no-login"];
    printed(&[&["connect", "--dir", &path, "--connection", "1"][..], &form[..]].concat());
    assert!(refused(Some(&"cd".repeat(32))).contains("sealed with another key"));
    let key = std::fs::read(dir.join("host.key")).unwrap();
    std::fs::remove_file(dir.join("host.key")).unwrap();
    let said = refused(None);
    assert!(said.contains("host.key is missing"), "{said}");
    assert!(!dir.join("host.key").exists(), "none was made");
    std::fs::write(dir.join("host.key"), key).unwrap();
}
