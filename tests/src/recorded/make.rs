//! How a recording is made: a short life of a shop with two tills, of which one has something left to send; then its files as text, and what
//! head office answers to one of each request.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use daybook_core::amount::{Minor, Quantity};
use daybook_core::chain::{Hash, Seal, Tip};
use daybook_core::envelope::EventText;
use daybook_core::event::sale::BegunAs;
use daybook_core::identity::KeyPair;
use daybook_core::identity::http_signature::{RequestParts, content_digest, sign_request};
use daybook_core::ids::{OriginId, RequestId};
use daybook_core::wire::{FeedHead, HandshakeRequest, NONCE_HEADER, PushHead, REQUEST_HEADER};
use daybook_store::Reader;
use daybook_till::identity::Keys;
use daybook_till::{Command, NoKeystore, StockCount};
use uuid::Uuid;

use super::exchange::{Asked, Exchange};
use super::{DATABASES, OF_OFFICE, OF_TILL, Recording, Truth, dump, start};
use crate::world::{MONDAY_MORNING, StoryTill, World};

/// Makes a recording in a folder that does not exist yet.
pub async fn make(folder: &Path) -> anyhow::Result<()> {
    ensure!(!folder.exists(), "{} is there already; a recording is never edited", folder.display());
    let mut world = World::new().await;
    let (till, other) = (world.till("Till 1").await, world.till("Till 2").await);
    a_day(&till, &other);
    for till in [&till, &other] {
        till.sent().await;
        till.shake_hands().await;
    }
    let office = world.settle().await;
    world.stop_office().await;
    till.sell("tea", 1);
    till.sell("roll", 3);
    let told = till.till.totals()?;
    let unsent = world.home.path().join("unsent");
    till.till.export_unsent(&unsent)?;
    let unsent = std::fs::read_to_string(unsent)?;
    let (_, push) = unsent.split_once('\n').context("an export without a push")?;
    let (data, _) = till.close().await;
    other.close().await;

    for (side, from, files) in [("office", world.office_data(), OF_OFFICE), ("till", data.clone(), OF_TILL)] {
        let to = folder.join(side);
        std::fs::create_dir_all(&to)?;
        for name in DATABASES {
            std::fs::write(to.join(format!("{name}.sql")), dump::dump(&from.join(format!("{name}.db")))?)?;
        }
        for name in files {
            std::fs::copy(from.join(name), to.join(name))?;
        }
    }
    let receipts = office["totals"]["receipts"].as_i64().context("no receipts")?;
    let truth = Truth { wall: MONDAY_MORNING, office, till: told, receipts_with_unsent: receipts + 2 };
    std::fs::write(folder.join("truth.json"), serde_json::to_string_pretty(&truth)? + "\n")?;
    let exchanges = exchanges(folder, &data, push).await?;
    let lines: Vec<String> = exchanges.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    std::fs::write(folder.join("exchanges.ndjson"), lines.join("\n") + "\n")?;
    Ok(())
}

/// Something of everything.
fn a_day(till: &StoryTill, other: &StoryTill) {
    till.open_shift();
    other.open_shift();
    till.sell("soap", 2);
    other.sell("gift", 1);
    till.begin(BegunAs::Sale);
    till.add("tea", 1);
    till.act(Command::ParkSale);
    till.begin(BegunAs::Return);
    till.add("roll", 1);
    till.pay();
    let lines = vec![StockCount { code: "tea".to_owned(), quantity: Quantity::of(-1) }];
    till.act(Command::AdjustStock { reason: "broken".to_owned(), lines });
    other.act(Command::CloseShift);
    other.act(Command::OpenShift {
        shift: daybook_core::ids::ShiftId(Uuid::now_v7()),
        float_minor: Minor::new(5_000),
    });
    // More of it than there is: a conflict for the lane.
    other.sell("gift", 1);
}

/// Whoever asks.
struct Asker {
    origin: OriginId,
    key: KeyPair,
    nonce: Option<String>,
}

impl Asker {
    fn ask(&self, method: &str, target: &str, body: &str) -> Asked {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = RequestId(Uuid::now_v7());
        let digest = content_digest(body.as_bytes());
        let parts = RequestParts { method, path, query, request, content_digest: &digest };
        let created = MONDAY_MORNING / 1_000_000;
        let signed = sign_request(&parts, &self.key, self.origin, created, self.nonce.as_deref());
        let headers = [
            (REQUEST_HEADER, request.to_string()),
            ("content-digest", digest),
            ("signature-input", signed.signature_input),
            ("signature", signed.signature),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        Asked {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }
}

/// Asks one of each, over files as they were recorded.
async fn exchanges(folder: &Path, till: &Path, push: &str) -> anyhow::Result<Vec<Exchange>> {
    let home = tempfile::tempdir()?;
    let data = home.path().join("office");
    Recording::of(folder).put_office(&data)?;
    let running = start(&data, MONDAY_MORNING).await?;
    let server = running.address;
    let log = Reader::open(till.join("log.db"))?;
    let identity = daybook_store::events::fact(&log, "identity")?.context("this till belongs to no store")?;
    let identity: daybook_till::identity::Identity = serde_json::from_str(&identity)?;
    let certificate = identity.current().context("the till has no certificate")?;
    let (origin, store) = (certificate.origin, certificate.store.context("the till has no store")?);
    let key = Keys::read(till, &NoKeystore)?
        .origins
        .get(&origin)
        .context("the till has no key")?
        .clone();
    let mut asker = Asker { origin, key, nonce: None };
    let mut exchanges = Vec::new();
    let health = Asked {
        method: "GET".to_owned(),
        target: "/v1/health".to_owned(),
        headers: BTreeMap::new(),
        body: String::new(),
    };
    let shake = HandshakeRequest {
        tips: daybook_store::events::tips(&log)?,
        begins: true,
        ..HandshakeRequest::of(origin, MONDAY_MORNING)
    };
    let shake = serde_json::to_string(&shake)?;
    let head = push.lines().next().context("an empty push")?;
    let line = push.lines().nth(1).context("an empty push")?;
    let nowhere = Tip { seq: 3, hash: Hash([7; 32]) };
    let after = Tip { seq: 4, hash: EventText::split(line)?.hash(nowhere.hash) };
    let seal = Seal::sign(asker.key.signing_key(), origin, after).text();
    let astray =
        serde_json::to_string(&PushHead { origin, previous: nowhere, seal, certificates: Vec::new() })?;
    let without_nonce = asker.ask("POST", "/v1/handshake", &shake);
    let heard = without_nonce.send(server).await?;
    asker.nonce = heard.headers.get(NONCE_HEADER).cloned();
    let nobody = Uuid::from_u128(7);
    let all = [
        ("how it is", health.clone()),
        ("a handshake without a nonce", without_nonce),
        ("a handshake", asker.ask("POST", "/v1/handshake", &shake)),
        (
            "a push of which a line is no event",
            asker.ask("POST", "/v1/push", &format!("{head}\n{line}\n[{{}},{{}}\n")),
        ),
        ("a push that follows nothing known", asker.ask("POST", "/v1/push", &format!("{astray}\n{line}\n"))),
        ("a push", asker.ask("POST", "/v1/push", push)),
        ("the same push", asker.ask("POST", "/v1/push", push)),
        ("the catalogue", asker.ask("GET", "/v1/feed?scope=catalogue", "")),
        ("the people's scope", asker.ask("GET", "/v1/feed?scope=people", "")),
        ("what a store sold", asker.ask("GET", &format!("/v1/feed?scope=sales:{store}"), "")),
        ("what moved in a store", asker.ask("GET", &format!("/v1/feed?scope=stock:{store}"), "")),
        ("the lane of conflicts", asker.ask("GET", &format!("/v1/feed?scope=conflicts:{store}"), "")),
        ("another store's sales", asker.ask("GET", &format!("/v1/feed?scope=sales:{nobody}"), "")),
        ("a cursor that makes no sense", asker.ask("GET", "/v1/feed?scope=catalogue&cursor=elsewhere", "")),
        ("its own events", asker.ask("GET", &format!("/v1/origin?origin={origin}&after=0"), "")),
        ("a report", asker.ask("GET", &format!("/v1/report?store={store}"), "")),
        ("conflicts", asker.ask("GET", &format!("/v1/conflicts?store={store}&all=true"), "")),
        ("no such route", asker.ask("GET", "/v1/weather", "")),
    ];
    for (about, request) in all {
        let answer = request.send(server).await.with_context(|| about.to_owned())?;
        if about == "the catalogue" {
            let head: FeedHead = serde_json::from_str(answer.body.lines().next().unwrap_or_default())?;
            let next = asker.ask("GET", &format!("/v1/feed?scope=catalogue&cursor={}", head.cursor), "");
            let answer = next.send(server).await?;
            exchanges.push(Exchange { about: "the rest of the catalogue".to_owned(), request: next, answer });
        }
        exchanges.push(Exchange { about: about.to_owned(), request, answer });
        // Reports tell what is projected.
        running.office.totals().await?;
    }
    running.stop().await;
    Ok(exchanges)
}
