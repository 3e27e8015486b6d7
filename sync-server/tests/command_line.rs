//! The binary as a person uses it: a new organisation, a server that runs, commands beside it, and its end.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use daybook_core::chain::{Seal, Tip};
use daybook_core::envelope::{EventText, Line};
use daybook_core::ids::RequestId;
use daybook_core::sync::server::{self, Push};
use daybook_server::admin::client::ask;
use daybook_server::admin::{AnswerRequest, Deed, socket_path};
use daybook_store::office::OfficeLog;
use daybook_store::{Durability, events};
use tempfile::TempDir;

fn command<I: AsRef<OsStr>>(data: &Path, words: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daybook-server"));
    command.env_clear().env("DAYBOOK_DATA", data).args(words);
    command
}

fn run(data: &Path, words: &str) -> Output {
    command(data, words.split_whitespace()).output().expect("the binary runs")
}

#[track_caller]
fn said(data: &Path, words: &str) -> String {
    let output = run(data, words);
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(data: &Path, words: &str, code: i32) -> String {
    let output = run(data, words);
    assert_eq!(output.status.code(), Some(code), "{words}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn organisation() -> TempDir {
    let data = tempfile::tempdir().unwrap();
    said(data.path(), "init --name Shop --currency EUR --time-zone Europe/Berlin");
    data
}

/// A server in a process of its own. Killed with the test, should the test fail before it stops it.
struct Server {
    process: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(data: &Path, words: &str) -> (Self, String) {
        let mut command = command(data, words.split_whitespace());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        out.read_line(&mut ready).unwrap();
        (Server { process, out }, ready)
    }

    fn end(mut self) -> (bool, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().success(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill();
    }
}

#[test]
fn a_day_at_head_office() {
    let data = organisation();
    let data = data.path();
    let nothing_running = said(data, "stop");
    assert!(nothing_running.contains("No head office runs"), "{nothing_running}");

    let (server, ready) = Server::start(data, "serve --listen 127.0.0.1:0");
    assert!(ready.starts_with("Daybook head office is ready on http://127.0.0.1:"), "{ready}");
    let mode = std::fs::metadata(socket_path(data)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let code = said(data, "enrol-code --store High --till Till1");
    let first = code.lines().next().unwrap();
    assert!(daybook_core::identity::enrol::EnrolCode::parse(first).is_ok(), "{code}");
    let in_use = refused(data, "serve --listen 127.0.0.1:0", 1);
    assert!(!in_use.is_empty());
    said(data, "report");
    said(data, "report --json");
    assert_eq!(said(data, "conflicts"), "Nothing waits for an answer.\n");
    assert_eq!(said(data, "conflicts --json").trim(), "[]");
    let unknown = refused(data, "conflicts answer oversold-1 --option ok", 1);
    assert!(unknown.contains("oversold-1"), "{unknown}");

    let people = data.join("people.json");
    std::fs::write(
        &people,
        r#"[{"staff": {"number": "7", "name": "Ana", "role": "cashier", "pin": "739142"}}]"#,
    )
    .unwrap();
    let published = said(data, &format!("publish {}", people.display()));
    assert_eq!(published, "Published: 1 event; 1 person changed.\n");
    assert_eq!(said(data, &format!("publish {}", people.display())), "Published: 0 events.\n");
    let told = said(data, "new-pin --number 7");
    let pin = told.lines().next().unwrap();
    assert!(daybook_core::identity::pin::Pin::parse(pin).is_ok() && told.contains("shown once"), "{told}");
    assert_eq!(
        said(data, &format!("publish {}", people.display())),
        "Published: 0 events; 1 person changed.\n"
    );
    assert!(refused(data, "new-pin --number 8", 1).contains("'8'"));

    said(data, "stop");
    let (fine, last) = server.end();
    assert!(fine && last.contains("has stopped"), "{last}");
    assert!(!socket_path(data).exists());

    // Without a server the same commands do it themselves.
    assert!(said(data, "enrol-code --store High --till Till2").contains("within ten minutes"));
    assert_eq!(said(data, "conflicts"), "Nothing waits for an answer.\n");
    said(data, "rebuild");
}

#[test]
fn a_signal_stops_it_and_a_kill_leaves_nothing_in_the_way() {
    let data = organisation();
    let data = data.path();
    let (mut server, _) = Server::start(data, "serve --listen 127.0.0.1:0");
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(socket_path(data).exists(), "a killed server leaves its socket");
    assert!(said(data, "stop").contains("No head office runs"));

    let (server, _) = Server::start(data, "serve --listen 127.0.0.1:0");
    let id = server.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(server.end().0);
}

#[test]
fn what_is_not_understood_ends_with_two_and_what_cannot_be_done_with_one() {
    let nowhere = tempfile::tempdir().unwrap();
    assert!(refused(nowhere.path(), "sell", 2).contains("Usage"));
    assert!(refused(nowhere.path(), "report --from yesterday", 2).contains("2026-03-31"));
    assert!(refused(nowhere.path(), "serve --listen 127.0.0.1:0", 1).contains("init"));
    assert!(refused(nowhere.path(), "publish not-there.json", 1).contains("not-there.json"));

    let data = organisation();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let in_use = refused(data.path(), &format!("serve --listen {address}"), 1);
    assert!(in_use.contains(&address.to_string()) && in_use.contains("--listen"), "{in_use}");

    std::fs::write(data.path().join("daybook-server.toml"), "lisen = \"127.0.0.1:0\"\n").unwrap();
    assert!(refused(data.path(), "serve", 2).contains("lisen"));
    // A flag stands above the environment, and both above the file.
    std::fs::write(data.path().join("daybook-server.toml"), format!("listen = \"{address}\"\n")).unwrap();
    assert!(refused(data.path(), "serve", 1).contains(&address.to_string()));
    let mut by_environment = command(data.path(), ["serve"]);
    let mut process = by_environment
        .env("DAYBOOK_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(ready.contains("is ready on"), "{ready}");
}

#[tokio::test]
async fn the_socket_says_why_it_did_not_do_something() {
    let data = organisation();
    assert!(ask(data.path(), &Deed::Health).await.unwrap().is_none(), "no server, no answer");
    let (server, _) = Server::start(data.path(), "serve --listen 127.0.0.1:0");
    let health = ask(data.path(), &Deed::Health).await.unwrap().unwrap();
    assert_eq!(health["ready"], true);
    assert!(ask(data.path(), &Deed::Totals).await.unwrap().unwrap().is_object());
    let answer = AnswerRequest { conflict: "oversold-1".to_owned(), option: "ok".to_owned() };
    let error = ask(data.path(), &Deed::Answer(answer)).await.unwrap_err();
    assert!(error.to_string().contains("oversold-1"), "{error}");
    let publications = serde_json::from_str("[{\"nothing\":\"known\"}]").unwrap();
    let error = ask(data.path(), &Deed::Publish(publications)).await.unwrap_err();
    assert!(error.to_string().contains("no publications"), "{error}");
    ask(data.path(), &Deed::Stop).await.unwrap().unwrap();
    assert!(server.end().0);
}

#[test]
fn looking_through_ends_badly_where_a_seal_is_not_its_writers() {
    let data = organisation();
    let whole = said(data.path(), "verify");
    assert!(whole.starts_with("All is whole") && whole.contains("seals, each by its writer"), "{whole}");
    {
        let mut log = OfficeLog::open(data.path(), Durability::Off).unwrap();
        let tips = events::tips(log.connection()).unwrap();
        let (origin, previous) = tips.first_key_value().map(|(origin, tips)| (*origin, tips[0])).unwrap();
        let text = EventText { envelope: "{}".to_owned(), payload: "{}".to_owned(), seal: None };
        let tip = Tip { seq: previous.seq + 1, hash: text.hash(previous.hash) };
        let push = Push { origin, previous, events: vec![(tip, Line::Event(text))], seal: Seal([7; 64]) };
        let request = RequestId(uuid::Uuid::nil());
        log.ingest(0, &mut server::Server::new("e".to_owned()), vec![(request, push, None)])
            .1
            .unwrap();
    }
    let why = refused(data.path(), "verify", 1);
    assert!(why.contains("1 that are not their writer's, the first of event"), "{why}");
}
