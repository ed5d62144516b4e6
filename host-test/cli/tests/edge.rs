//! The service as a stranger meets it: idle connections, halves of requests, floods of names, and a key that is not the data's. The real
//! process, over real sockets; bounds are counts, never times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::common::{connector, file, printed, refuses, run, said};

/// More connections than there are places.
const MANY: usize = 600;

/// `serve`, ended with its test.
struct Service {
    process: Child,
    page: String,
    figures: String,
    folder: TempDir,
    /// Who signs in.
    account: String,
    /// The path that its first connection's webhooks come to.
    hook: Option<String>,
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
        Service::told_by(connector(&words), folder, false)
    }

    /// The one that this command starts.
    fn told_by(mut command: Command, folder: TempDir, has_connection: bool) -> Service {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |what: &str| lines.find_map(|line| line.split_once(what).map(|(_, rest)| rest.trim().to_owned())).unwrap();
        // `connect` tells it, before `serve` begins.
        let told = "Webhooks callback URL";
        let hook = has_connection.then(|| format!("/hooks/{}", after(told).rsplit('/').next().unwrap()));
        let page = after("listening on http://");
        let account = after("sign in with");
        let figures = after("figures ").trim_start_matches("http://").split('/').next().unwrap().to_owned();
        // It goes on saying what it does; nobody reads it.
        std::thread::spawn(move || lines.for_each(drop));
        Service { process, page, figures, folder, account, hook }
    }

    fn asked(&self, address: &str, request: &str) -> String {
        self.read(address, request).lines().next().unwrap_or_default().to_owned()
    }

    fn read(&self, address: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    /// The status of a sign-in, and the session that it gives.
    fn signs_in(&self, name: &str, password: &str) -> (String, Option<String>) {
        let between = |text: &str, before: &str, after: char| Some(text.split_once(before)?.1.split(after).next()?.to_owned());
        let door = self.read(&self.page, "GET /sign-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let (visitor, csrf) = (between(&door, "nobi-visitor=", ';').unwrap(), between(&door, "name=\"csrf\" value=\"", '"').unwrap());
        let body = format!("csrf={csrf}&name={name}&password={password}");
        let form = "content-type: application/x-www-form-urlencoded";
        let head = format!("POST /sign-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncookie: nobi-visitor={visitor}\r\n{form}\r\n");
        let answer = self.read(&self.page, &format!("{head}content-length: {}\r\n\r\n{body}", body.len()));
        (answer.lines().next().unwrap_or_default().to_owned(), between(&answer, "nobi-session=", ';'))
    }

    fn is_signed_in(&self, session: &str) -> bool {
        let asked = format!("GET /connections HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncookie: nobi-session={session}\r\n\r\n");
        self.asked(&self.page, &asked) == "HTTP/1.1 200 OK"
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

#[test]
fn an_account_is_made_reset_signed_out_and_removed_while_the_service_has_the_folder() {
    let service = Service::start();
    let dir = service.folder.path().join("data").display().to_string();
    let operator = |words: &[&str]| printed(&[&["operator"], words, &["--dir", &dir]].concat());
    let password = |told: &str| told.split_once("signs in with ").unwrap().1.split_whitespace().next().unwrap().to_owned();
    assert!(service.account.starts_with("admin / "));
    let first = password(&operator(&["lan"]));
    assert_eq!(operator(&[]).lines().collect::<Vec<_>>(), ["admin  shop", "lan  shop"]);
    let (status, session) = service.signs_in("lan", &first);
    assert_eq!(status, "HTTP/1.1 303 See Other");
    let session = session.unwrap();
    assert!(service.is_signed_in(&session));

    assert!(operator(&["lan", "--sign-out"]).contains("(1 sessions)"));
    assert!(!service.is_signed_in(&session), "at once");
    let session = service.signs_in("lan", &first).1.unwrap();
    let second = password(&operator(&["lan", "--reset"]));
    assert!(!service.is_signed_in(&session) && service.signs_in("lan", &first).1.is_none());
    let session = service.signs_in("lan", &second).1.unwrap();
    operator(&["lan", "--remove"]);
    assert!(!service.is_signed_in(&session) && service.signs_in("lan", &second).1.is_none());
    for words in [["--reset"], ["--remove"], ["--sign-out"]] {
        refuses(&[&["operator", "lan"], &words[..], &["--dir", &dir]].concat(), 2, "there is no account lan");
    }
    assert_eq!(run(&["operator", "--reset", "--dir", &dir]).status.code(), Some(2), "whose?");
    assert_eq!(service.is_ready(), "HTTP/1.1 200 OK");
}

/// The real thing where this machine lets a process have a file system of its own; elsewhere `full` of the host's own facts says the same of a
/// file that may not grow.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_503_and_then_it_goes_on() {
    let own = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command
    };
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("disk");
    std::fs::create_dir(&dir).unwrap();
    let mount = format!("mount -t tmpfs -o size=64m tmpfs {}", dir.display());
    if !own(&mount).output().is_ok_and(|output| output.status.success()) {
        println!("no file system of its own can be had here: skipped");
        return;
    }
    let binary = env!("CARGO_BIN_EXE_connector");
    let data = dir.join("data").display().to_string();
    let mut command = own(&format!(
        "{mount} && {binary} connect --dir {data} --tenant shop && \
         exec {binary} serve --dir {data} --listen 127.0.0.1:0 --metrics 127.0.0.1:0"
    ));
    command.env_remove("CONNECTOR_LOG").env_remove("CONNECTOR_KEY").stderr(Stdio::null());
    let mut service = Service::told_by(command, folder, true);
    let hook = service.hook.clone().unwrap();
    let delivers = |service: &Service| {
        let body = "{\"event\":\"inventoryChange\"}";
        let head = format!("POST {hook} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        service.asked(&service.page, &head)
    };
    assert_eq!(delivers(&service), "HTTP/1.1 200 OK");
    // The process sees the file system at this path, and so does whoever looks through its eyes.
    let filler = format!("/proc/{}/root{}/filler", service.process.id(), dir.display());
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    let mut refused = 0;
    for _ in 0..200 {
        refused += u32::from(delivers(&service) == "HTTP/1.1 503 Service Unavailable");
    }
    assert!(refused > 100, "{refused} of 200 were refused");
    assert_eq!(service.is_ready(), "HTTP/1.1 503 Service Unavailable");
    let (name, password) = service.account.split_once(" / ").unwrap();
    assert_eq!(service.signs_in(name, password).0, "HTTP/1.1 503 Service Unavailable");
    assert!(service.process.try_wait().unwrap().is_none(), "it is still there");
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(delivers(&service), "HTTP/1.1 200 OK");
    assert_eq!(service.is_ready(), "HTTP/1.1 200 OK");
    assert_eq!(service.signs_in(name, password).0, "HTTP/1.1 303 See Other");
}
